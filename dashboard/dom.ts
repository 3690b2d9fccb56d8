/// <reference lib="dom" />
/// <reference lib="dom.iterable" />
/**
 * Elements from values. Text is text: nothing here, or anywhere in the page, parses HTML, so that a
 * name cannot be more than a name.
 */

/** What an element may contain. */
export type Child = Node | string | number | undefined;

/** The element of this id. */
export function byId<Kind extends HTMLElement = HTMLElement>(id: string): Kind {
  return document.getElementById(id) as Kind;
}

/** An element with attributes and children. */
export function h(
  tag: string,
  attributes: Readonly<Record<string, string | undefined>> = {},
  ...children: readonly Child[]
): HTMLElement {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value !== undefined) element.setAttribute(name, value);
  }
  element.append(...children.filter((child) => child !== undefined).map(asNode));
  return element;
}

function asNode(child: Node | string | number): Node | string {
  return typeof child === "number" ? String(child) : child;
}

/**
 * Makes the children of an element like these, and keeps the nodes that are there: focus, selection
 * and what is unfolded survive the next second.
 */
export function show(element: Element, ...children: readonly Child[]): void {
  become(element, h("p", {}, ...children).childNodes);
}

function become(element: Element, wanted: NodeListOf<ChildNode>): void {
  const fresh = [...wanted];
  fresh.forEach((next, index) => {
    const old = element.childNodes[index];
    if (old === undefined) element.append(next);
    else if (old.nodeName !== next.nodeName) old.replaceWith(next);
    else if (next instanceof Element) alike(old as Element, next);
    else if (old.nodeValue !== next.nodeValue) old.nodeValue = next.nodeValue;
  });
  while (element.childNodes.length > fresh.length) element.lastChild!.remove();
}

function alike(old: Element, next: Element): void {
  for (const { name } of [...old.attributes]) {
    // Who unfolded it keeps it so.
    if (name !== "open" && !next.hasAttribute(name)) old.removeAttribute(name);
  }
  for (const { name, value } of [...next.attributes]) {
    if (old.getAttribute(name) !== value) old.setAttribute(name, value);
  }
  become(old, next.childNodes);
}
