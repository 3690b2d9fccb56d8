/**
 * What the dashboard shows: one JSON value, made once a second for all who watch.
 */

import type { ListenerHealth } from "../../listener/health.ts";
import type { ManagerHealth } from "../../listener/manager.ts";
import type {
  BusFigures,
  EmitterFigures,
  ListenerFigures,
  ManagerFigures,
  PoolFigures,
  StoreFigures,
  TopicFigures,
} from "../../tuning/figures.ts";
import { hear, type NamedPart, type PartKind } from "../../internal/parts.ts";
import type { Finding } from "../../tuning/finding.ts";
import type { Latency } from "./latencies.ts";
import type { Report } from "../route.ts";
import { groupLetters, type LetterBox, type LetterGroup } from "./letters.ts";

/** The figures of a part, with its name. */
export type Named<Figures> = Figures & { readonly name: string };

/** A supervised listener, and how it is doing. */
export interface ListenerView extends Named<ListenerFigures> {
  /** In one word; undefined when it does not say. */
  readonly status: string | undefined;
  /** Why it is not healthy. */
  readonly reasons: readonly string[];
}

/** A listener manager with its listeners, or a single listener under its own name. */
export interface ManagerView {
  readonly name: string;
  readonly status: string | undefined;
  readonly listeners: readonly ListenerView[];
}

/** A topic of one of the buses. */
export type TopicView = TopicFigures & { readonly bus: string };

/** Everything that the page shows. */
export interface View {
  /** When, in epoch milliseconds. */
  readonly at: number;
  readonly emitters: readonly Named<EmitterFigures>[];
  readonly topics: readonly TopicView[];
  readonly managers: readonly ManagerView[];
  readonly stores: readonly Named<StoreFigures>[];
  readonly pools: readonly Named<PoolFigures>[];
  /** How many dead letters there are. */
  readonly dead: number;
  /** The newest of them by their causes. */
  readonly letters: readonly LetterGroup[];
  /** How long listeners took of late; only of those that are timed. */
  readonly latencies: readonly Latency[];
  readonly findings: readonly Finding[];
  /** What the page may offer. */
  readonly may: { readonly redrive: boolean };
  /** How many rows are left out, as there are too many. */
  readonly omitted: number;
}

/** A page with more rows of a kind than this helps nobody. */
const MOST = 200;

/** Dead letters are many: of each topic the newest are looked at, and so many in all. */
const MOST_LETTERS = 1_000;
const MOST_LETTERS_IN_ALL = 5_000;

/** Counts the rows that it cuts off. */
class Rows {
  omitted = 0;

  first<Row>(rows: readonly Row[]): readonly Row[] {
    this.omitted += Math.max(0, rows.length - MOST);
    return rows.slice(0, MOST);
  }
}

/** A part, and what it says at this moment. */
export interface Told extends NamedPart {
  readonly figures: object;
}

/** Makes the view of this moment. */
export function viewOf(
  parts: readonly Told[],
  rest: Pick<View, "at" | "findings" | "latencies" | "may">,
  report: Report,
): View {
  const rows = new Rows();
  const figuresOf = <Figures>(kind: PartKind): readonly Named<Figures>[] =>
    rows.first(of(kind, parts)).map(({ name, figures }) => ({
      ...figures as Figures,
      // Those of an emitter may be a million.
      listeners: undefined,
      types: undefined,
      name,
    }));
  const all = topicsOf(parts);
  const graves = all.filter(({ name }) => isDeadLetters(name));
  const topics = rows.first(all.filter(({ name }) => !isDeadLetters(name)));
  return {
    emitters: figuresOf("emitter"),
    topics: topics.map((topic) => ({
      ...topic,
      partitions: rows.first(topic.partitions),
      subscriptions: rows.first(topic.subscriptions),
    })),
    managers: hear(rows.first(of("listeners", parts)), report, (part) => managerOf(part, rows)),
    stores: figuresOf("store"),
    pools: figuresOf("pool"),
    dead: graves.reduce((sum, { queued }) => sum + queued, 0),
    letters: rows.first(lettersOf(parts, graves)),
    ...rest,
    findings: rows.first(rest.findings),
    latencies: rows.first(rest.latencies),
    omitted: rows.omitted,
  };
}

function of<Some extends NamedPart>(kind: PartKind, parts: readonly Some[]): Some[] {
  return parts.filter((part) => part.kind === kind);
}

/** The bus of this name, if it tells its dead letters. */
export function letterBox(name: string, parts: readonly NamedPart[]): LetterBox | undefined {
  const bus = of("bus", parts).find((part) => part.name === name)?.part as Partial<LetterBox>;
  return typeof bus?.deadLetters === "function" ? bus as LetterBox : undefined;
}

function topicsOf(parts: readonly Told[]): TopicView[] {
  return of("bus", parts)
    .flatMap(({ name, figures }) =>
      (figures as BusFigures).topics.map((topic) => ({ ...topic, bus: name }))
    )
    .toSorted((a, b) => b.queued - a.queued);
}

function lettersOf(parts: readonly NamedPart[], graves: readonly TopicView[]): LetterGroup[] {
  let left = MOST_LETTERS_IN_ALL;
  return graves.flatMap(({ bus, name, queued }) => {
    const count = Math.min(queued, MOST_LETTERS, left);
    if (count === 0) return [];
    left -= count;
    const topic = name.replace(/\.dlq$/, "");
    return groupLetters(
      bus,
      topic,
      letterBox(bus, parts)?.deadLetters(topic, { limit: count }) ?? [],
    );
  });
}

function isDeadLetters(topic: string): boolean {
  return topic.endsWith(".dlq");
}

function managerOf({ name, part, figures: told }: Told, rows: Rows): ManagerView {
  const figures = told as ManagerFigures | ListenerFigures;
  const health = (part as { health?(): ManagerHealth | ListenerHealth }).health?.();
  const each = health !== undefined && "listeners" in health ? health.listeners : {};
  return {
    name,
    status: health?.status,
    listeners: "listeners" in figures
      ? rows.first(Object.entries(figures.listeners))
        .map(([id, own]) => listenerOf(id, own, each[id]))
      : [listenerOf(name, figures, health as ListenerHealth | undefined)],
  };
}

function listenerOf(
  name: string,
  figures: ListenerFigures,
  health: ListenerHealth | undefined,
): ListenerView {
  const reasons = health?.reasons.map(({ message }) => message) ?? [];
  return { ...figures, name, status: health?.status, reasons };
}
