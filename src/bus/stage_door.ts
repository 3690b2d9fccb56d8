/**
 * The way in for what handlers publish: it enters with their acknowledgement, past `bufferSize`.
 */

import { BufferFullError } from "../errors.ts";
import type { Draft } from "../event/event.ts";
import { placeOf } from "../internal/hash.ts";
import type { Door, DoorParts } from "./door.ts";
import type { Destination, Outgoing } from "./staged.ts";

/** The handlers' side of a topic. */
export class StageDoor implements Destination {
  readonly #parts: DoorParts;
  readonly #door: Door;
  /** Makes the error that handlers get once nothing more may enter. */
  #refusal: (() => Error) | undefined;

  constructor(parts: DoorParts, door: Door) {
    this.#parts = parts;
    this.#door = door;
  }

  /** From now on nothing enters here. */
  shut(makeError: () => Error): void {
    this.#refusal = makeError;
  }

  stage(event: Draft, id: string | undefined): Outgoing {
    if (this.#refusal !== undefined) throw this.#refusal();
    const draft = isNameless(event) && id !== undefined ? { ...event, id } : event;
    const admitted = this.#door.check(draft);
    const hash = this.#parts.placing.hashOf(admitted);
    return { event: admitted, hash, token: this.#door.dedupe?.tokenOf(draft, admitted) };
  }

  check({ event, hash, token }: Outgoing, others: number): void {
    if (this.#refusal !== undefined) throw this.#refusal();
    const { topic, partitions, settings: { bufferSize, dedupe } } = this.#parts;
    const memory = this.#door.dedupe;
    if (token !== undefined && memory !== undefined) {
      if (memory.find(token, event) !== undefined) return;
      if (!memory.hasRoomPast(others + 1)) {
        throw new BufferFullError(`the memory of topic "${topic}"`, dedupe!.maxIds * 2);
      }
    }
    if (!partitions[placeOf(hash, partitions.length)]!.hasRoomPast(others + 1)) {
      throw new BufferFullError(`topic "${topic}"`, bufferSize * 2);
    }
  }

  enterStaged({ event, hash, token }: Outgoing): void {
    const { dedupe } = this.#door;
    const index = placeOf(hash, this.#parts.partitions.length);
    if (token === undefined || dedupe === undefined) this.#door.enterPast(index, event, hash);
    else if (dedupe.find(token, event) !== undefined) this.#door.duplicates += 1;
    else this.#door.enterPast(index, event, hash, dedupe, token);
  }
}

/** Whether an event waits for an id. */
export function isNameless(event: Draft): boolean {
  return typeof event === "object" && event !== null && event.id === undefined;
}
