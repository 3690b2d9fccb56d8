/**
 * The listeners of the grid: ten different function literals, as a program has them, each as small
 * as can be, so that the emitter is what is measured. They take the event, because tseep drops
 * arguments that a listener does not declare.
 */

import type { Listener } from "./emitters.ts";

/** What every listener counts on. */
export const counter = { hits: 0 };

/** `count` different functions. Beyond ten they are further closures of the same ten literals. */
export function quietListeners(count: number): Listener[] {
  const all: Listener[] = [];
  while (all.length < count) all.push(...tenQuiet());
  return all.slice(0, count);
}

/** The same, but every second one returns a value, as arrow functions in real programs do. */
export function mixedListeners(count: number): Listener[] {
  return quietListeners(count).map((quiet, index) => index % 2 === 0 ? quiet : returning());
}

function returning(): Listener {
  return (_event) => counter.hits += 1;
}

function tenQuiet(): Listener[] {
  return [
    (_event) => {
      counter.hits += 1;
    },
    (_event) => {
      counter.hits += 1;
    },
    (_event) => {
      counter.hits += 1;
    },
    (_event) => {
      counter.hits += 1;
    },
    (_event) => {
      counter.hits += 1;
    },
    (_event) => {
      counter.hits += 1;
    },
    (_event) => {
      counter.hits += 1;
    },
    (_event) => {
      counter.hits += 1;
    },
    (_event) => {
      counter.hits += 1;
    },
    (_event) => {
      counter.hits += 1;
    },
  ];
}
