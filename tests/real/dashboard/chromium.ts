/**
 * A headless Chromium, driven over its debugging protocol: as little as the tests of the dashboard
 * need.
 *
 * @module
 */

/** Where Chromium may be. */
const NAMES = ["chromium", "chromium-browser", "google-chrome", "chrome"];

/** The command of a Chromium, or undefined when there is none. */
export async function findChromium(): Promise<string | undefined> {
  for (const name of [Deno.env.get("CHROMIUM"), ...NAMES]) {
    if (name === undefined) continue;
    try {
      const { success } = await new Deno.Command(name, { args: ["--version"] }).output();
      if (success) return name;
    } catch {
      // The next one.
    }
  }
}

/** What a call answers. */
type Answer = Record<string, unknown>;

/** What a page does, told as it happens. */
interface Told {
  readonly method?: string;
  readonly params?: Answer;
  readonly id?: number;
  readonly result?: Answer;
  readonly error?: { readonly message: string };
  readonly sessionId?: string;
}

/** How a page is shown. */
export interface PageOptions {
  /** In pixels. */
  readonly width?: number;
  /** In pixels. */
  readonly height?: number;
  /** Whether the visitor prefers dark pages. */
  readonly dark?: boolean;
}

/** A running browser. */
export class Chromium implements AsyncDisposable {
  readonly #process: Deno.ChildProcess;
  readonly #socket: WebSocket;
  readonly #profile: string;
  readonly #waiting = new Map<number, (told: Told) => void>();
  readonly #listeners = new Map<string, (told: Told) => void>();
  #last = 0;

  private constructor(process: Deno.ChildProcess, socket: WebSocket, profile: string) {
    this.#process = process;
    this.#socket = socket;
    this.#profile = profile;
    socket.onmessage = ({ data }) => {
      const told = JSON.parse(data) as Told;
      if (told.id !== undefined) this.#waiting.get(told.id)?.(told);
      else this.#listeners.get(told.sessionId ?? "")?.(told);
    };
  }

  /** Starts one, with a profile of its own. */
  static async start(command: string): Promise<Chromium> {
    const profile = await Deno.makeTempDir({ prefix: "chromium-" });
    const process = new Deno.Command(command, {
      args: [
        "--headless=new",
        "--no-sandbox",
        "--disable-gpu",
        "--hide-scrollbars",
        "--disable-dev-shm-usage",
        "--remote-debugging-port=0",
        `--user-data-dir=${profile}`,
        "about:blank",
      ],
      stdin: "null",
      stdout: "null",
      stderr: "piped",
    }).spawn();
    const address = await addressOf(process.stderr);
    const socket = new WebSocket(address);
    await new Promise((resolve, reject) => {
      socket.onopen = resolve;
      socket.onerror = reject;
    });
    return new Chromium(process, socket, profile);
  }

  /** Calls a method of the protocol. */
  call(method: string, params: Answer = {}, sessionId?: string): Promise<Answer> {
    const id = ++this.#last;
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, ({ result, error }) => {
        this.#waiting.delete(id);
        if (error === undefined) resolve(result ?? {});
        else reject(new Error(`${method}: ${error.message}`));
      });
      this.#socket.send(JSON.stringify({ id, method, params, sessionId }));
    });
  }

  /** Opens a page. */
  async open(url: string, options: PageOptions = {}): Promise<Page> {
    const { width = 1280, height = 900, dark = false } = options;
    const { targetId } = await this.call("Target.createTarget", { url: "about:blank" });
    const { sessionId } = await this.call("Target.attachToTarget", { targetId, flatten: true });
    const page = new Page(this, String(sessionId));
    this.#listeners.set(
      String(sessionId),
      (told) => page.told(told.method ?? "", told.params ?? {}),
    );
    await page.call("Page.enable");
    await page.call("Runtime.enable");
    await page.call("Log.enable");
    await page.call("Emulation.setDeviceMetricsOverride", {
      width,
      height,
      deviceScaleFactor: 1,
      mobile: width < 600,
    });
    await page.call("Emulation.setEmulatedMedia", {
      features: [{ name: "prefers-color-scheme", value: dark ? "dark" : "light" }],
    });
    await page.call("Page.navigate", { url });
    await page.until("document.readyState === 'complete'");
    return page;
  }

  /** Ends it, and removes its profile. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.call("Browser.close").catch(() => {});
    this.#socket.close();
    await this.#process.status;
    await Deno.remove(this.#profile, { recursive: true }).catch(() => {});
  }
}

/** An open page. */
export class Page {
  /** What it complained about: errors of its script, and of its policy. */
  readonly complaints: string[] = [];
  readonly #browser: Chromium;
  readonly #session: string;

  constructor(browser: Chromium, session: string) {
    this.#browser = browser;
    this.#session = session;
  }

  /** Calls a method of the protocol on this page. */
  call(method: string, params: Answer = {}): Promise<Answer> {
    return this.#browser.call(method, params, this.#session);
  }

  /** Takes in what the browser tells about it. */
  told(method: string, params: Answer): void {
    if (method === "Runtime.exceptionThrown" || method === "Log.entryAdded") {
      this.complaints.push(JSON.stringify(params));
    }
  }

  /** The value of an expression. */
  async value<Value>(expression: string): Promise<Value> {
    const { result, exceptionDetails } = await this.call("Runtime.evaluate", {
      expression,
      awaitPromise: true,
      returnByValue: true,
      userGesture: true,
    });
    if (exceptionDetails !== undefined) throw new Error(JSON.stringify(exceptionDetails));
    return (result as { value: Value }).value;
  }

  /** Waits until an expression is true. */
  async until(expression: string, limitMs = 10_000): Promise<void> {
    const end = performance.now() + limitMs;
    while (!await this.value<boolean>(`Boolean(${expression})`)) {
      if (performance.now() > end) {
        const text = await this.value<string>("document.body.innerText");
        throw new Error(`Not within ${limitMs} ms: ${expression}\n${text}`);
      }
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }

  /** Presses a key, as a person does. */
  async press(key: string, text?: string): Promise<void> {
    const keyCode = { Tab: 9, Enter: 13, Escape: 27, ArrowDown: 40, ArrowUp: 38, " ": 32 }[key] ??
      0;
    const what = { key, code: key, windowsVirtualKeyCode: keyCode, ...(text ? { text } : {}) };
    await this.call("Input.dispatchKeyEvent", { type: text ? "keyDown" : "rawKeyDown", ...what });
    await this.call("Input.dispatchKeyEvent", { type: "keyUp", ...what });
  }

  /** Writes a picture of all of it. */
  async screenshot(path: string): Promise<void> {
    const { data } = await this.call("Page.captureScreenshot", {
      format: "png",
      captureBeyondViewport: true,
    });
    await Deno.writeFile(path, Uint8Array.from(atob(String(data)), (char) => char.charCodeAt(0)));
  }
}

/** The address that a browser prints when it is ready. */
async function addressOf(stderr: ReadableStream<Uint8Array>): Promise<string> {
  let text = "";
  const reader = stderr.pipeThrough(new TextDecoderStream()).getReader();
  for (;;) {
    const { done, value } = await reader.read();
    if (done) throw new Error(`Chromium ended: ${text}`);
    text += value;
    const address = /DevTools listening on (ws:\S+)/.exec(text)?.[1];
    if (address === undefined) continue;
    // What else it says is nobody's business, and must not fill the pipe.
    void (async () => {
      while (!(await reader.read()).done);
    })().catch(() => {});
    return address;
  }
}
