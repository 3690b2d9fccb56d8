/**
 * Rules about queues: backed up, full, growing, too small.
 */

import type { Finding } from "./finding.ts";
import { latencyOf, type Queue, type QueueFigures } from "./queues.ts";
import { concurrencyFor } from "./sizing.ts";
import { count, each, percent, quote, rate, rounded, time } from "./words.ts";

/** High latency: a queue is nearly full. */
export function queueBackup(queue: Queue, share: number): Finding | undefined {
  const { queued, size, waiting } = queue.trail.now;
  if (queued <= size * share) return undefined;
  return {
    rule: "queue-backup",
    severity: queued >= size || waiting > 0 ? "critical" : "warning",
    part: queue.part,
    symptom: "High latency",
    evidence: `${each(queued)} of ${each(size)} places are taken (${percent(queued / size)})` +
      paceOf(queue),
    cause: "Queue backup: events come faster than they are handled",
    ...relief(queue),
  };
}

/** Buffer full errors: events found no room, or their producers wait for it. */
export function bufferFull(queue: Queue): Finding | undefined {
  const { part, trail, withSize } = queue;
  const refused = trail.gained((figures) => figures.refused);
  const share = refused / (refused + trail.gained(entered));
  const { waiting, size } = trail.now;
  if (refused === 0 && waiting === 0) return undefined;
  const facts = [
    ...(refused > 0 ? [`${count(refused, "event")} found no room`] : []),
    ...(waiting > 0 ? [`${count(waiting, "producer")} wait${waiting === 1 ? "s" : ""}`] : []),
  ];
  return {
    rule: "buffer-full",
    severity: share > 0.01 ? "critical" : "warning",
    part,
    symptom: refused > 0 ? "Buffer full errors" : "Publishing takes long",
    evidence: `${facts.join(", ")}; there are ${each(size)} places`,
    ...(refused > size
      ? { cause: "More than a burst: events come faster than they are handled", ...faster(queue) }
      : {
        cause: "Burst too large for the buffer",
        remedy: refused > 0
          ? "Increase the buffer, or add backpressure: " +
            `with overflow ${quote("wait")} producers wait`
          : "Increase the buffer to take the burst, or let producers wait: nothing is lost",
        config: withSize(rounded(size + Math.max(size, refused, waiting))),
      }),
  };
}

/** Lag that only grows ends in a full buffer. Past `share` the backup itself is what to tell. */
export function lagGrowing(queue: Queue, share: number): Finding | undefined {
  const { trail, part } = queue;
  const { queued, size } = trail.now;
  const rise = trail.rise((figures) => figures.queued);
  if (rise < Math.max(10, size * 0.05) || queued > size * share) return undefined;
  const full = ((size - queued) / rise) * trail.seconds * 1000;
  return {
    rule: "lag-growing",
    severity: "warning",
    part,
    symptom: "Latency grows",
    evidence: `${each(queued - rise)} events waited ${time(trail.seconds * 1000)} ago, ` +
      `${each(queued)} wait now: full in ${time(full)}${paceOf(queue)}`,
    cause: "Events come faster than they are handled",
    ...relief(queue),
  };
}

/** A buffer that is smaller than the sizing formulas ask for at this load. */
export function bufferUndersized({ part, trail, needs, withSize }: Queue): Finding | undefined {
  const { size } = trail.now;
  if (needs === undefined || needs.value <= size) return undefined;
  return {
    rule: "buffer-undersized",
    severity: "notice",
    part,
    symptom: "Buffer full errors in the next burst",
    evidence: `${needs.reasoning.replace(/\.$/, "")} places, and there are ${each(size)}`,
    cause: "The buffer is smaller than this load asks for",
    remedy: "Size the buffer for the burst",
    config: withSize(rounded(needs.value)),
  };
}

function paceOf({ trail }: Queue): string {
  if (trail.seconds === 0) return "";
  const [entered, done] = [trail.perSecond((f) => f.entered), trail.perSecond((f) => f.done)];
  return `; ${rate(entered)} come, ${rate(done)} are done`;
}

/** What makes handling faster; else a larger buffer. */
function relief(queue: Queue): Pick<Finding, "remedy" | "config"> {
  const { trail, withSize } = queue;
  const { running, slots, size } = trail.now;
  const keepsUp = trail.perSecond(entered) <= trail.perSecond(done) * 1.1;
  if (running >= slots || !keepsUp) return faster(queue);
  return {
    remedy: "Increase workers or buffer: slots are free, so it is the burst",
    config: withSize(rounded(size * 2)),
  };
}

/** More slots if all are busy. If not, they are not what is missing. */
function faster(queue: Queue): Pick<Finding, "remedy" | "config"> {
  const { running, slots } = queue.trail.now;
  if (running < slots) {
    return {
      remedy:
        `More slots change nothing (${each(running)} of ${each(slots)} are busy): move what ` +
        `computes to a ThreadPool, spread the keys, or let producers wait with overflow ${
          quote("wait")
        }`,
      config: undefined,
    };
  }
  const config = queue.withSlots(slotsFor(queue));
  return config === undefined
    ? { remedy: "Every core has its thread: make tasks shorter, or use more machines", config }
    : { remedy: `Increase workers or buffer: all ${count(slots, "slot")} are busy`, config };
}

const done = (figures: QueueFigures): number => figures.done;
const entered = (figures: QueueFigures): number => figures.entered;

/** Slots for the rate at which events come; twice as many as now when that says too little. */
function slotsFor({ trail }: Queue): number {
  const { slots } = trail.now;
  const latencyMs = latencyOf(trail);
  if (latencyMs === undefined) return slots * 2;
  const { value } = concurrencyFor({ eventsPerSecond: trail.perSecond(entered), latencyMs });
  return value > slots ? rounded(value) : slots * 2;
}
