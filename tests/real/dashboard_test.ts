// The dashboard in a real browser: what people see and press, and what must not happen there.
// Pictures of it are left in .cache/dashboard/.
import { Bus } from "@nova/events/bus";
import { anyone, inspector } from "@nova/events/http";
import { engineProfiler } from "@nova/events/profiler";
import { assert, assertEquals, assertLess, assertMatch, assertStringIncludes } from "@std/assert";
import process from "node:process";
import { describe, it } from "node:test";
import { PAGE, POLICY } from "../../src/http/dashboard/page.ts";
import { profileOf } from "../dashboard/profile_bytes.ts";
import { generateDashboard } from "../support/dashboard.ts";
import { Chromium, findChromium, type Page, type PageOptions } from "./dashboard/chromium.ts";
import { HOSTILE, type Program, start } from "./dashboard/program.ts";

const PICTURES = new URL("../../.cache/dashboard/", import.meta.url);

const chromium = await findChromium();
if (chromium === undefined) {
  // deno-lint-ignore no-console -- a skip gives its reason
  console.log(
    "skipped: the dashboard in a browser (no Chromium found; CHROMIUM names its command)",
  );
  if (Deno.env.get("CI") !== undefined) throw new Error("There must be a Chromium in CI");
}

/** A program and a browser, for one test. */
async function visit(
  test: (place: { page: Page; program: Program; browser: Chromium }) => Promise<void>,
  options: PageOptions & Parameters<typeof start>[0] = {},
): Promise<void> {
  await using program = start(options);
  await using browser = await Chromium.start(chromium!);
  const page = await browser.open(program.url, options);
  await test({ page, program, browser });
  assertEquals(page.complaints, []);
  // What hostile names would have done.
  assertEquals(await page.value("document.title"), "Nova");
  assertEquals(await page.value("document.images.length"), 0);
}

async function picture(page: Page, name: string): Promise<void> {
  await Deno.mkdir(PICTURES, { recursive: true });
  await page.screenshot(new URL(`${name}.png`, PICTURES).pathname);
}

const LIVE = "document.querySelector('#state').textContent === 'live'";
const text = (selector: string): string =>
  `document.querySelector(${JSON.stringify(selector)}).innerText`;

describe("the page of the dashboard", () => {
  it("is what the generator makes of its sources", async () => {
    const module = await generateDashboard();

    assertStringIncludes(module, JSON.stringify(PAGE));
    assertStringIncludes(module, JSON.stringify(POLICY));
  });
});

describe("the stream of the dashboard", () => {
  it("costs 2 % of a core at most with 100 viewers", async () => {
    const bus = new Bus();
    for (let i = 0; i < 10; i++) {
      const topic = bus.topic(`topic-${i}`, { partitions: 8 });
      for (const id of ["one", "two"]) topic.subscribe(() => {}, { id });
    }
    const inspect = inspector({ bus }, { authorize: anyone() });
    const options = { port: 0, hostname: "127.0.0.1", onListen: () => {} };
    await using server = Deno.serve(options, inspect);
    await using viewers = new Deno.Command(Deno.execPath(), {
      args: [
        "run",
        "--allow-net",
        new URL("dashboard/viewers.ts", import.meta.url).pathname,
        `http://127.0.0.1:${server.addr.port}/debug/nova/events`,
        "100",
      ],
      stdout: "piped",
    }).spawn();
    const lines = viewers.stdout.getReader();
    while (Number(new TextDecoder().decode((await lines.read()).value)) < 200);

    const begun = process.cpuUsage();
    await new Promise((resolve) => setTimeout(resolve, 5_000));
    const { user, system } = process.cpuUsage(begun);
    const share = (user + system) / 5e6;
    await lines.cancel();
    viewers.kill();
    inspect[Symbol.dispose]();

    assertLess(share, 0.02);
  });
});

describe("the dashboard in a browser", { skip: chromium === undefined }, () => {
  it("paints within a second, and shows what goes on", async () => {
    await visit(async ({ page }) => {
      await page.until(LIVE);
      const paint = await page.value<number>(
        "performance.getEntriesByName('first-contentful-paint')[0].startTime",
      );
      assertLess(paint, 1000);
      await page.until(`${text("#tiles")}.includes('Events/s')`);
      await page.until(`/Events\\/s\\s+[1-9]/.test(${text("#tiles")})`);
      assertMatch(await page.value(text("#about")), /2 topics · 1 emitter · 3 listeners/);
      for (
        const [section, part] of [
          ["#topics", "orders"],
          ["#listeners", "post-webhook"],
          ["#listeners", "circuit-open"],
          ["#parts", "thumbnails"],
          ["#parts", "ledger"],
          ["#letters", "TypeError price is not a number"],
          ["#advice", "Events are refused"],
        ]
      ) await page.until(`${text(section!)}.includes(${JSON.stringify(part)})`);
      // Each chart has drawn something.
      await page.until(`[...document.querySelectorAll('canvas')].filter((canvas) =>
        canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height).data.some(Boolean)
      ).length === 4`);
      await new Promise((resolve) => setTimeout(resolve, 6_000));
      await page.value("document.querySelector('#topics details').open = true");
      await picture(page, "light");
    }, { redrive: anyone() });
  });

  it("is dark for who prefers that", async () => {
    await visit(async ({ page }) => {
      await page.until(LIVE);
      const back = await page.value<string>(
        "getComputedStyle(document.documentElement).background",
      );
      assertStringIncludes(back, "rgb(13, 16, 23)");
      await new Promise((resolve) => setTimeout(resolve, 4_000));
      await picture(page, "dark");
    }, { dark: true });
  });

  it("fits a phone", async () => {
    await visit(async ({ page }) => {
      await page.until(LIVE);
      await page.until(`${text("#letters")}.includes('Redrive')`);
      assertEquals(
        await page.value("document.documentElement.scrollWidth <= innerWidth"),
        true,
        "nothing is wider than the screen",
      );
      await picture(page, "phone");
    }, { width: 390, height: 844, dark: true, redrive: anyone() });
  });

  it("shows hostile names as they are, and runs none of them", async () => {
    await visit(async ({ page }) => {
      await page.until(`${text("#letters")}.includes(${JSON.stringify(HOSTILE)})`);
      await page.until("document.querySelector('#advice').textContent.includes('img src=x')");
    });
  });

  it("redrives dead letters at the press of a button", async () => {
    await visit(async ({ page, program }) => {
      const letters = () =>
        program.bus.deadLetters("orders").filter(({ subscription }) => subscription === "billing");
      await page.until(`${text("#letters")}.includes('billing')`);
      program.recover();
      const busy = () =>
        program.bus.topic("orders").stats().subscriptions
          .some(({ queued, held, inFlight }) => queued + held + inFlight > 0);
      while (busy()) await new Promise((resolve) => setTimeout(resolve, 50));
      assert(letters().length > 0);
      const aim = `[...document.querySelectorAll('#letters button')]
        .find((button) => button.ariaLabel.includes('billing'))`;
      assertStringIncludes(await page.value(`${aim}.ariaLabel`), "of billing: TypeError");
      await page.value(`${aim}.focus()`);
      await page.press("Enter", "\r");
      await page.until(`/letters? redriven, 0 left/.test(${text("#said")})`);
      await page.until(`!${text("#letters")}.includes('billing')`);
      assertEquals(letters().length, 0);
    }, { redrive: anyone() });
  });

  it("says why it may not redrive, and has no button where nobody may", async () => {
    await visit(async ({ page }) => {
      await page.until(`document.querySelector('#letters button')`);
      await page.value("document.querySelector('#letters button').click()");
      await page.until(`${text("#said")}.includes('Not redriven: Forbidden')`);
      // The browser notes every answer that is an error.
      const noted = page.complaints.splice(0);
      assertEquals(noted.length, 1);
      assertStringIncludes(noted[0]!, "403");
    }, { redrive: () => false });
    await visit(async ({ page }) => {
      await page.until(`${text("#letters")}.includes('TypeError')`);
      assertEquals(await page.value("document.querySelectorAll('#letters button').length"), 0);
    });
  });

  it("keeps focus and what is unfolded while figures change", async () => {
    await visit(async ({ page }) => {
      await page.until(`document.querySelector('#topics summary')`);
      await page.value("document.querySelector('#topics summary').focus()");
      await page.press("Enter", "\r");
      await page.until("document.querySelector('#topics details').open");
      const before = await page.value<string>(text("#tiles"));
      await page.until(`${text("#tiles")} !== ${JSON.stringify(before)}`);
      assert(await page.value<boolean>("document.querySelector('#topics details').open"));
      assertEquals(await page.value("document.activeElement.tagName"), "SUMMARY");
    });
  });

  it("says that the stream dropped, and comes back by itself", async () => {
    await visit(async ({ page, program }) => {
      await page.until(LIVE);
      await program.pause();
      await page.until(`/connection lost, figures are \\d+ s old/.test(${text("#state")})`, 15_000);
      assertEquals(await page.value("document.querySelector('main').className"), "stale");
      await picture(page, "lost");
      program.resume();
      await page.until(LIVE, 15_000);
      assertEquals(await page.value("document.querySelector('main').className"), "");
      page.complaints.length = 0;
    });
  });

  it("can be held, and goes on", async () => {
    await visit(async ({ page }) => {
      await page.until(LIVE);
      await page.value("document.querySelector('#pause').click()");
      await page.until(`${text("#state")} === 'paused'`);
      const before = await page.value<string>(text("#tiles"));
      await new Promise((resolve) => setTimeout(resolve, 2_500));
      assertEquals(await page.value(text("#tiles")), before);
      await page.value("document.querySelector('#pause').click()");
      await page.until(`${text("#tiles")} !== ${JSON.stringify(before)}`);
    });
  });

  it("draws the partitions of a topic", async () => {
    await visit(async ({ page }) => {
      await page.until("document.querySelectorAll('figcaption option').length === 3");
      await page.value(`(() => {
        const select = document.querySelector('figcaption select');
        select.value = 'shop/orders';
        select.dispatchEvent(new Event('change'));
      })()`);
      await page.until(`/#0.*#7/s.test(${text("figure:nth-of-type(2)")})`);
    });
  });

  it("takes a profile, and lets one walk in it with the keys", async () => {
    const stacks = [
      {
        frames: [["main", "a.ts", 1], ["handle", "b.ts", 2], ["hash", "c.ts", 3]],
        count: 7,
        nanos: 7e7,
      },
      { frames: [["main", "a.ts", 1], ["handle", "b.ts", 2]], count: 2, nanos: 2e7 },
      { frames: [["main", "a.ts", 1], [HOSTILE, "d.ts", 4]], count: 1, nanos: 1e7 },
    ] as const;
    await visit(async ({ page }) => {
      await page.until(LIVE);
      await page.value("document.querySelector('#profile button').focus()");
      await page.press("Enter", "\r");
      await page.until(`${text("#profile output")}.startsWith('3 stacks')`);
      const names = await page.value<string[]>(
        "[...document.querySelectorAll('#flame button')].map((box) => box.textContent)",
      );
      assertEquals(names, ["all", "main", "handle", "hash", HOSTILE]);
      const wide = (index: number) =>
        page.value<number>(`document.querySelectorAll('#flame button')[${index}].offsetWidth`);
      assert(Math.abs(await wide(2) / await wide(1) - 0.9) < 0.02);
      await picture(page, "profile");
      await page.value("document.querySelector('#flame button').focus()");
      await page.press("ArrowDown");
      await page.press("ArrowDown");
      assertStringIncludes(
        await page.value("document.activeElement.title"),
        "handle\nb.ts:2\n90.0 %",
      );
      await page.press("Enter", "\r");
      await page.until("document.querySelectorAll('#flame button').length === 4");
      assertEquals(await page.value("document.activeElement.textContent"), "handle");
      await page.press("Escape");
      await page.until("document.querySelectorAll('#flame button').length === 5");
    }, { profile: () => new Response(profileOf(stacks)) });
  });

  it("takes a real profile of this very program", async () => {
    await visit(async ({ page }) => {
      await page.until(LIVE);
      await page.value("document.querySelector('#profile button').click()");
      await page.until(`/^\\d+ stacks/.test(${text("#profile output")})`, 20_000);
      await page.until("document.querySelectorAll('#flame button').length > 5");
      const titles = await page.value<string[]>(
        "[...document.querySelectorAll('#flame button')].map((box) => box.title)",
      );
      assert(titles.some((title) => /\.ts:\d/.test(title)), titles.join("\n"));
      await page.value("document.querySelector('#profile').scrollIntoView()");
      await picture(page, "flame");
    }, { profiler: engineProfiler() });
  });

  it("says that a profile is empty", async () => {
    await visit(async ({ page }) => {
      await page.until(LIVE);
      await page.value("document.querySelector('#profile button').click()");
      await page.until(`${text("#profile output")}.includes('No samples')`);
    }, { profile: () => new Response(profileOf([])) });
  });

  it("says why there is no profile", async () => {
    await visit(async ({ page }) => {
      await page.until(LIVE);
      await page.value("document.querySelector('#profile button').click()");
      await page.until(`${text("#profile output")}.includes('501: no profiler in this runtime')`);
      page.complaints.length = 0;
    }, { profile: () => new Response("no profiler in this runtime", { status: 501 }) });
  });
});
