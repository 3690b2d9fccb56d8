// deno-lint-ignore-file no-console -- an example prints
// Two services that tell each other what happened, as CloudEvents over HTTP.
import {
  createEvent,
  Emitter,
  fromCloudEventMessage,
  toCloudEventMessage,
  ValidationError,
} from "@nova/events";

type Shop = { "order.placed": { total: number } };

/** The receiver: hand it to `Deno.serve`, `Bun.serve`, Hono or a worker's `fetch`. */
const billing = new Emitter();
billing.on("order.placed", ({ data, metadata }) => {
  console.log("billing heard", data, "from", metadata?.["ce-source"]);
});
async function receive(request: Request): Promise<Response> {
  try {
    await billing.emit(await fromCloudEventMessage(request));
    return new Response(null, { status: 204 });
  } catch (error) {
    if (!(error instanceof ValidationError)) throw error;
    return Response.json({ attribute: error.field, message: error.message }, { status: 400 });
  }
}

/** The sender: everything that happens in the shop goes out. In a program this is `fetch`. */
const shop = new Emitter<Shop>();
shop.on("**", async (event) => {
  const message = toCloudEventMessage(event, { source: "/shop", mode: "binary" });
  const response = await receive(
    new Request("https://billing.example/events", { method: "POST", ...message }),
  );
  console.log("answered", response.status);
});

await shop.emit(createEvent("order.placed", { total: 42 }));
// → billing heard { total: 42 } from /shop
// → answered 204

const nonsense = new Request("https://billing.example/events", { method: "POST", body: "{}" });
const refused = await receive(nonsense);
console.log(refused.status, (await refused.json()).attribute);
// → 400 specversion
