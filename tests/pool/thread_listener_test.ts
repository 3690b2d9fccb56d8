import { Emitter, ListenerError, TerminalError } from "@nova/events";
import { inline, threadListener } from "@nova/events/pool";
import { assertEquals, assertInstanceOf, assertRejects, assertThrows } from "@std/assert";
import { describe, it } from "node:test";
import { useTestEnv } from "../support/env.ts";

describe("threadListener()", () => {
  const env = useTestEnv();

  type Uploads = { uploaded: { width: number } };

  it("handles an event as the task does, from its data", async () => {
    const widths: number[] = [];
    const pool = inline({ resize: ({ width }: { width: number }) => void widths.push(width) }, {
      env,
    });
    const emitter = new Emitter<Uploads>({ env });
    emitter.on("uploaded", threadListener(pool, "resize"));

    await emitter.emit("uploaded", { width: 640 });

    assertEquals(widths, [640]);
    await emitter.close();
    await pool.close();
  });

  it("fails as the task does, with class and code", async () => {
    const pool = inline({
      resize(): never {
        throw new TerminalError("no image");
      },
    }, { env });
    const emitter = new Emitter<Uploads>({ env });
    emitter.on("uploaded", threadListener(pool, "resize"));

    const error = await assertRejects(() => emitter.emit("uploaded", { width: 1 }), ListenerError);

    assertInstanceOf(error.cause, TerminalError);
    await emitter.close();
    await pool.close();
  });

  it("takes another input, and moves what it is told to", async () => {
    const pool = inline({ size: (buffer: ArrayBuffer) => void sizes.push(buffer.byteLength) }, {
      env,
    });
    const sizes: number[] = [];
    const emitter = new Emitter<{ loaded: { bytes: ArrayBuffer } }>({ env });
    emitter.on(
      "loaded",
      threadListener(pool, "size", {
        input: (event: { type: string; data: { bytes: ArrayBuffer } }) => event.data.bytes,
        transfer: (event) => [event.data.bytes],
      }),
    );
    const bytes = new ArrayBuffer(16);

    await emitter.emit("loaded", { bytes });

    assertEquals(sizes, [16]);
    assertEquals(bytes.byteLength, 0);
    await emitter.close();
    await pool.close();
  });

  it("is cancelled when its emitter gives up", async () => {
    const pool = inline({ stuck: () => new Promise<void>(() => {}) }, { env, graceMs: 10 });
    const emitter = new Emitter<{ go: undefined }>({ env });
    emitter.on("go", threadListener(pool, "stuck"));
    const done = emitter.emit("go", undefined).catch(() => {});
    await env.settle();

    await emitter.close({ signal: AbortSignal.abort() });
    await env.advance(20);

    assertEquals([pool.stats().cancelled, pool.stats().ended], [1, 1]);
    await done;
    await pool.close();
  });

  it("listens to the signal of its subscription once for many events", async () => {
    const pool = inline({ slow: () => Promise.resolve() }, { env });
    const emitter = new Emitter<{ go: number }>({ env });
    emitter.on("go", threadListener(pool, "slow", { input: () => undefined }));
    const all = Array.from({ length: 100 }, (_, n) => emitter.emit("go", n));

    assertEquals(env.pending.abortListeners, 1);
    await Promise.all(all);
    assertEquals(env.pending.abortListeners, 0);
    await emitter.close();
    await pool.close();
  });

  it("refuses options that make no sense", async () => {
    const pool = inline({ task: () => {} }, { env });
    assertThrows(() => threadListener(pool, "task", { input: 5 as never }), TypeError, "input");
    assertThrows(
      () => threadListener(pool, "task", { transfer: 5 as never }),
      TypeError,
      "transfer",
    );
    assertThrows(() => threadListener(pool, "task", 5 as never), TypeError, "options");
    await pool.close();
  });
});
