/**
 * A session of the inspector, with promises.
 */

import { Session } from "node:inspector";
import { UnsupportedError } from "../../errors/store.ts";

/** Speaks to the engine of this thread. */
export class InspectorSession {
  readonly #session: Session = new Session();

  /** @throws {UnsupportedError} If this runtime does not let us. */
  constructor() {
    try {
      this.#session.connect();
    } catch (error) {
      const { message } = error as Error;
      const flag = message.includes("--allow-sys") ? ": run Deno with --allow-sys" : "";
      throw new UnsupportedError(`the inspector is not available (${message})${flag}`);
    }
  }

  /** Calls a method of the protocol. */
  async call<Result>(method: string, parameters: object = {}): Promise<Result> {
    // Deno ends a program that waits for nothing but an answer.
    const hold = setInterval(() => {}, 1000);
    try {
      return await new Promise<Result>((resolve, reject) => {
        const post = this.#session.post.bind(this.#session) as unknown as Post;
        post(method, parameters, (error, result) => {
          if (error) reject(error);
          else resolve(result as Result);
        });
      });
    } finally {
      clearInterval(hold);
    }
  }

  /** Ends it, and whatever was going on in it. */
  close(): void {
    this.#session.disconnect();
  }
}

type Post = (
  method: string,
  parameters: object,
  done: (error: Error | null, result?: unknown) => void,
) => void;
