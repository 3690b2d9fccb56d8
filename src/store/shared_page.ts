/**
 * One page for all who were woken together: they stand at the same place and ask for the same.
 */

import { andThen } from "./awaitable.ts";
import type { Awaitable, Query } from "./driver.ts";
import type { Engine, RecordedPage } from "./engine.ts";

interface Shared {
  readonly after: number;
  readonly limit: number;
  readonly head: number;
  readonly oldest: number;
  readonly events: number;
  readonly page: RecordedPage;
}

/** The last page that a follower of the whole log read, for as long as the log stays as it was. */
export class SharedPage<Tx> {
  readonly #engine: Engine<Tx>;
  #last: Shared | undefined;

  constructor(engine: Engine<Tx>) {
    this.#engine = engine;
  }

  /** The page of a follower. */
  read(query: Query): Awaitable<RecordedPage> {
    const { driver } = this.#engine;
    // Of a log that others write to, the figures are no proof.
    if (driver.capabilities.writers === "many" || query.streams !== undefined) {
      return this.#engine.read(query);
    }
    const { after, limit } = query;
    const { head, oldest, events } = driver.figures();
    const last = this.#last;
    if (
      last !== undefined && last.after === after && last.limit === limit && last.head === head &&
      last.oldest === oldest && last.events === events
    ) return last.page;
    return andThen(this.#engine.read(query), (page) => {
      this.#last = { after, limit, head, oldest, events, page };
      return page;
    });
  }

  /** Keeps nothing alive for nobody. */
  forget(): void {
    this.#last = undefined;
  }
}
