/// <reference lib="dom" />
/**
 * Lines over the last minutes.
 */

import uPlot from "uplot";
import { h, show } from "./dom.ts";
import { few } from "./words.ts";

/** Five minutes at one view a second. */
const MOST_POINTS = 300;

/** More lines than colours tell nothing. */
const MOST_LINES = 8;

const COLOURS = [
  "#3b82f6",
  "#f59e0b",
  "#10b981",
  "#ef4444",
  "#8b5cf6",
  "#06b6d4",
  "#ec4899",
  "#84a50f",
];

/** Readable on light and on dark. */
const AXIS = { stroke: "#8a94a5", grid: { stroke: "#8a94a528", width: 1 }, ticks: { show: false } };

/** Seconds between the ticks of time. */
const STEPS = [5, 10, 20, 30, 60, 120, 300];

function clock(seconds: number): string {
  return new Date(seconds * 1000).toTimeString().slice(0, 8);
}

/** The values of lines at one moment; null where nothing is known. */
export type Values = Readonly<Record<string, number | null>>;

/** A chart with a legend that tells the values of now. */
export class Chart {
  /** The element. */
  readonly element: HTMLElement;
  readonly #legend = h("ul");
  readonly #canvas = h("div");
  readonly #unit: (value: number) => string;
  readonly #times: number[] = [];
  #lines = new Map<string, (number | null)[]>();
  #plot: uPlot | undefined;
  /** The names that the plot was made for. */
  #names = "";

  constructor(title: string, unit: (value: number) => string = few, ...extra: HTMLElement[]) {
    this.#unit = unit;
    this.element = h(
      "figure",
      {},
      h("figcaption", {}, title, ...extra),
      this.#legend,
      this.#canvas,
    );
    new ResizeObserver(() => this.#plot?.setSize(this.#size())).observe(this.#canvas);
  }

  /** Forgets what it shows. */
  clear(): void {
    this.#times.length = 0;
    this.#lines.clear();
  }

  /** Adds a moment, in epoch seconds. */
  add(at: number, values: Values): void {
    const times = this.#times;
    const names = Object.keys(values).slice(0, MOST_LINES);
    // A line that came later has nothing before; one that went has nothing now.
    for (const name of names) {
      if (!this.#lines.has(name)) this.#lines.set(name, times.map(() => null));
    }
    times.push(at);
    for (const [name, line] of this.#lines) line.push(values[name] ?? null);
    while (times.length > MOST_POINTS) {
      times.shift();
      for (const line of this.#lines.values()) line.shift();
    }
    for (const [name, line] of this.#lines) {
      if (!names.includes(name) && line.every((value) => value === null)) this.#lines.delete(name);
    }
    this.#draw();
  }

  /** Breaks the lines a second before a moment. */
  gap(before: number): void {
    this.#times.push(before - 1);
    for (const line of this.#lines.values()) line.push(null);
  }

  #draw(): void {
    const lines = [...this.#lines].slice(0, MOST_LINES);
    const names = JSON.stringify(lines.map(([name]) => name));
    const data = [this.#times, ...lines.map(([, line]) => line)] as uPlot.AlignedData;
    if (names !== this.#names) {
      this.#names = names;
      this.#plot?.destroy();
      this.#plot = new uPlot(this.#options(lines.length), data, this.#canvas);
    } else this.#plot?.setData(data);
    show(
      this.#legend,
      ...lines.map(([name, line], index) => {
        const value = line.at(-1);
        const now = value === null || value === undefined ? "–" : this.#unit(value);
        return h("li", { class: `c${index}`, title: name }, h("b", {}, now), ` ${name}`);
      }),
    );
  }

  #size(): { width: number; height: number } {
    return { width: this.#canvas.clientWidth, height: 170 };
  }

  #options(lines: number): uPlot.Options {
    return {
      ...this.#size(),
      legend: { show: false },
      cursor: { y: false, drag: { x: false, y: false } },
      scales: {
        x: { time: false },
        y: { range: (_plot, _min, max) => [0, Math.max(max * 1.1, 1)] },
      },
      axes: [
        { ...AXIS, size: 26, space: 70, incrs: STEPS, values: (_plot, ticks) => ticks.map(clock) },
        { ...AXIS, size: 56, values: (_plot, ticks) => ticks.map((tick) => this.#unit(tick)) },
      ],
      series: [
        {},
        ...COLOURS.slice(0, lines).map((stroke) => ({ stroke, width: 2, points: { show: false } })),
      ],
    };
  }
}
