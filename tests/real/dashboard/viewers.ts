// Watches the stream of a dashboard many times over, until it is ended: `viewers.ts URL COUNT`.
const [url = "", count = "1"] = Deno.args;
let messages = 0;
for (let i = 0; i < Number(count); i++) void watch();

async function watch(): Promise<void> {
  const { body } = await fetch(url);
  for await (const _ of body!) messages += 1;
}

// One line a second, so that whoever started it knows that it works.
setInterval(() => Deno.stdout.writeSync(new TextEncoder().encode(`${messages}\n`)), 1000);
