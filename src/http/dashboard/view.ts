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
import type { NamedPart, PartKind } from "../../internal/parts.ts";
import type { Finding } from "../../tuning/finding.ts";
import type { Latency } from "./latencies.ts";
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

/** Makes the view of this moment. */
export function viewOf(
  parts: readonly NamedPart[],
  rest: Pick<View, "at" | "findings" | "latencies" | "may">,
): View {
  let omitted = 0;
  const first = <Row>(rows: readonly Row[]): readonly Row[] => {
    omitted += Math.max(0, rows.length - MOST);
    return rows.slice(0, MOST);
  };
  const figuresOf = <Figures>(kind: PartKind): Named<Figures>[] =>
    of(kind, parts).map(({ name, part }) => ({
      ...part.stats() as Figures,
      // Those of an emitter may be a million.
      listeners: undefined,
      types: undefined,
      name,
    }));
  const topics = topicsOf(parts);
  return {
    emitters: first(figuresOf("emitter")),
    topics: first(topics.filter(({ name }) => !isDeadLetters(name))),
    managers: first(of("listeners", parts).map(managerOf)),
    stores: first(figuresOf("store")),
    pools: first(figuresOf("pool")),
    letters: first(lettersOf(parts, topics)),
    ...rest,
    latencies: first(rest.latencies),
    omitted,
  };
}

function of(kind: PartKind, parts: readonly NamedPart[]): NamedPart[] {
  return parts.filter((part) => part.kind === kind);
}

/** The bus of this name, if it tells its dead letters. */
export function letterBox(name: string, parts: readonly NamedPart[]): LetterBox | undefined {
  const bus = of("bus", parts).find((part) => part.name === name)?.part as Partial<LetterBox>;
  return typeof bus?.deadLetters === "function" ? bus as LetterBox : undefined;
}

function topicsOf(parts: readonly NamedPart[]): TopicView[] {
  return of("bus", parts)
    .flatMap(({ name, part }) =>
      (part.stats() as BusFigures).topics.map((topic) => ({ ...topic, bus: name }))
    )
    .toSorted((a, b) => b.queued - a.queued);
}

/** Only topics that have dead letters are asked for them. */
function lettersOf(parts: readonly NamedPart[], topics: readonly TopicView[]): LetterGroup[] {
  return topics.filter(({ name, queued }) => isDeadLetters(name) && queued > 0)
    .flatMap(({ bus, name }) => {
      const topic = name.replace(/\.dlq$/, "");
      return groupLetters(bus, topic, letterBox(bus, parts)?.deadLetters(topic) ?? []);
    });
}

function isDeadLetters(topic: string): boolean {
  return topic.endsWith(".dlq");
}

function managerOf({ name, part }: NamedPart): ManagerView {
  const figures = part.stats() as ManagerFigures | ListenerFigures;
  const health = (part as { health?(): ManagerHealth | ListenerHealth }).health?.();
  const each = health !== undefined && "listeners" in health ? health.listeners : {};
  return {
    name,
    status: health?.status,
    listeners: "listeners" in figures
      ? Object.entries(figures.listeners).map(([id, own]) => listenerOf(id, own, each[id]))
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
