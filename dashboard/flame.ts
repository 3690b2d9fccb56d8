/// <reference lib="dom" />
/**
 * A flame graph: each function as wide as what was spent in it and below it.
 */

import { h } from "./dom.ts";
import { decode, type Frame, type Profile } from "./pprof.ts";
import { few, ms } from "./words.ts";

interface Node extends Frame {
  readonly children: Map<string, Node>;
  readonly parent: Node | undefined;
  value: number;
  own: number;
}

/** The height of a row, in pixels. */
const ROW = 20;

/** What is narrower is not drawn, in percent. */
const NARROWEST = 0.15;

/** Fetches a CPU profile, and draws it. Throws what the server says when there is none. */
export async function profile(place: HTMLElement, seconds: string): Promise<string> {
  const response = await fetch(`../pprof/profile?seconds=${seconds}`);
  if (!response.ok) throw new Error(`${response.status}: ${(await response.text()).slice(0, 300)}`);
  const packed = new Uint8Array(await response.arrayBuffer());
  const bytes = packed[0] === 0x1f
    ? new Blob([packed]).stream().pipeThrough(new DecompressionStream("gzip"))
    : packed;
  const taken = decode(new Uint8Array(await new Response(bytes).arrayBuffer()));
  if (taken.stacks.length === 0) {
    place.replaceChildren();
    return "No samples: nothing ran when they were taken.";
  }
  const root = treeOf(taken);
  draw(place, root, root, taken.unit);
  return `${taken.stacks.length} stacks. Arrows move, Enter zooms, Escape shows all.`;
}

/** Stacks with common beginnings as one tree. */
function treeOf({ stacks }: Profile): Node {
  const root: Node = {
    name: "all",
    at: "",
    children: new Map(),
    parent: undefined,
    value: 0,
    own: 0,
  };
  for (const { frames, value } of stacks) {
    let node = root;
    node.value += value;
    for (const { name, at } of frames) {
      let next = node.children.get(name + at);
      if (next === undefined) {
        next = { name, at, children: new Map(), parent: node, value: 0, own: 0 };
        node.children.set(name + at, next);
      }
      next.value += value;
      node = next;
    }
    node.own += value;
  }
  return root;
}

function draw(place: HTMLElement, all: Node, focus: Node, unit: string): void {
  const boxes = new Map<Node, HTMLElement>();
  let rows = 0;
  const zoom = (to: Node): void => draw(place, all, to, unit);
  const put = (node: Node, row: number, left: number, width: number): void => {
    if (width < NARROWEST) return;
    rows = Math.max(rows, row + 1);
    const share = ((node.value / all.value) * 100).toPrecision(3);
    const spent = unit === "nanoseconds" ? ms(node.value / 1e6) : few(node.value);
    const box = h("button", {
      type: "button",
      tabindex: node === focus ? "0" : "-1",
      title: `${node.name}\n${node.at}\n${share} %, ${spent}`,
    }, node.name);
    // Through the object model: the policy of the page allows that, and no style attributes.
    box.style.cssText = `left:${left}%;width:${width}%;top:${row * ROW}px;background:${tint(node)}`;
    box.onclick = () => zoom(node);
    box.onkeydown = (event) => {
      const to = event.key === "Escape" ? all : neighbour(node, event.key);
      if (to === undefined) return;
      event.preventDefault();
      if (event.key === "Escape") zoom(all);
      else boxes.get(to)?.focus();
    };
    boxes.set(node, box);
  };
  const putAll = (node: Node, row: number, left: number, width: number): void => {
    put(node, row, left, width);
    let from = left;
    for (const child of node.children.values()) {
      const size = (child.value / node.value) * width;
      if (size >= NARROWEST) putAll(child, row + 1, from, size);
      from += size;
    }
  };
  const above: Node[] = [];
  for (let node = focus.parent; node !== undefined; node = node.parent) above.unshift(node);
  above.forEach((node, row) => put(node, row, 0, 100));
  putAll(focus, above.length, 0, 100);
  const hadFocus = place.contains(document.activeElement);
  place.replaceChildren(...boxes.values());
  place.style.height = `${rows * ROW}px`;
  if (hadFocus) boxes.get(focus)?.focus();
}

function neighbour(node: Node, key: string): Node | undefined {
  if (key === "ArrowUp") return node.parent;
  if (key === "ArrowDown") return [...node.children.values()][0];
  const siblings = [...node.parent?.children.values() ?? []];
  const at = siblings.indexOf(node);
  if (key === "ArrowLeft") return siblings[at - 1];
  return key === "ArrowRight" ? siblings[at + 1] : undefined;
}

/** Warm colours that stay the same for a file. */
function tint({ at }: Frame): string {
  let hash = 7;
  for (const char of at.replace(/:\d+$/, "")) hash = (hash * 31 + char.charCodeAt(0)) & 0xffff;
  return `hsl(${18 + (hash % 36)} 90% ${66 + (hash % 12)}%)`;
}
