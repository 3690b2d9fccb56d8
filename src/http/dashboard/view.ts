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
import type { Finding } from "../../tuning/finding.ts";
import { type Advised, type AdvisedParts, namedParts } from "../../tuning/parts.ts";
import { groupLetters, type LetterBox, type LetterGroup } from "./letters.ts";

/** The parts of a program, as the dashboard sees them. */
export interface DashboardParts extends Omit<AdvisedParts, "bus" | "listeners"> {
  /** Buses; those that tell their dead letters have them shown. */
  readonly bus?: BusPart | readonly BusPart[];
  /** Listener managers, or single supervised listeners; those with `health` have it shown. */
  readonly listeners?: ListenerPart | readonly ListenerPart[];
}

/** A bus. */
export type BusPart = Advised<BusFigures> & Partial<LetterBox>;

/** A listener manager, or a supervised listener. */
export interface ListenerPart extends Advised<ManagerFigures | ListenerFigures> {
  /** How it is doing. */
  health?(): ManagerHealth | ListenerHealth;
}

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
  readonly findings: readonly Finding[];
  /** What the page may offer. */
  readonly may: { readonly redrive: boolean; readonly profile: boolean };
  /** How many rows are left out, as there are too many. */
  readonly omitted: number;
}

/** A page with more rows of a kind than this helps nobody. */
const MOST = 200;

/** Makes the view of this moment. */
export function viewOf(
  parts: DashboardParts,
  rest: Pick<View, "at" | "findings" | "may">,
): View {
  let omitted = 0;
  const first = <Row>(rows: readonly Row[]): readonly Row[] => {
    omitted += Math.max(0, rows.length - MOST);
    return rows.slice(0, MOST);
  };
  const topics = topicsOf(parts.bus);
  return {
    emitters: first(figuresOf("emitter", parts.emitter)),
    topics: first(topics.filter(({ name }) => !name.endsWith(".dlq"))),
    managers: first(namedParts("listener", parts.listeners).map(managerOf)),
    stores: first(figuresOf("store", parts.store)),
    pools: first(figuresOf("pool", parts.pool)),
    letters: first(lettersOf(parts.bus, topics)),
    ...rest,
    omitted,
  };
}

function figuresOf<Figures extends object>(
  kind: string,
  parts: Advised<Figures> | readonly Advised<Figures>[] | undefined,
): Named<Figures>[] {
  return namedParts(kind, parts).map(([name, part]) => ({
    ...part.stats(),
    // Those of an emitter: the page has no room for each.
    listeners: undefined,
    name,
  }));
}

function topicsOf(buses: DashboardParts["bus"]): TopicView[] {
  return namedParts("bus", buses).flatMap(([bus, part]) =>
    part.stats().topics.map((topic) => ({ ...topic, bus }))
  ).toSorted((a, b) => b.queued - a.queued);
}

/** Only topics that have dead letters are asked for them. */
function lettersOf(buses: DashboardParts["bus"], topics: readonly TopicView[]): LetterGroup[] {
  const boxes = new Map(namedParts("bus", buses));
  return topics.filter(({ name, queued }) => name.endsWith(".dlq") && queued > 0)
    .flatMap(({ bus, name }) => {
      const topic = name.replace(/\.dlq$/, "");
      return groupLetters(bus, topic, boxes.get(bus)?.deadLetters?.(topic) ?? []);
    });
}

function managerOf([name, part]: [string, ListenerPart]): ManagerView {
  const figures = part.stats();
  const health = part.health?.();
  const each = health !== undefined && "listeners" in health ? health.listeners : {};
  const alone = health as ListenerHealth | undefined;
  return {
    name,
    status: health?.status,
    listeners: "listeners" in figures
      ? Object.entries(figures.listeners).map(([id, own]) => listenerOf(id, own, each[id]))
      : [listenerOf(name, figures, alone)],
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
