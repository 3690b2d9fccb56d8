// deno-lint-ignore-file no-console -- a command prints
/**
 * The npm tarball as a user gets it: `deno task test:pack`.
 *
 * Packs the library, installs the tarball in an empty folder, runs one probe for every entry on Node,
 * Bun and Deno, and type-checks a small program against it with tsc. Prints `pack: N passed, N failed`.
 * Needs npm for the installation; runtimes that are not on PATH come from npm too.
 */
import { bun, node } from "./tools.ts";

const ROOT = new URL("../../", import.meta.url);
const ENTRIES = Object.keys(
  (JSON.parse(await Deno.readTextFile(new URL("deno.json", ROOT))) as {
    exports: Record<string, string>;
  }).exports,
);
/** The oldest compiler that Nova's types must satisfy, and the newest. */
const COMPILERS: readonly string[] = ["5.9", "latest"];
const RESOLUTIONS = [
  { moduleResolution: "bundler", module: "esnext" },
  { moduleResolution: "nodenext", module: "nodenext" },
];

let passed = 0;
let failed = 0;

function report(name: string, trouble?: string): void {
  if (trouble === undefined) passed += 1;
  else failed += 1;
  console.log(`${trouble === undefined ? "ok" : "FAILED"} ${name}`);
  if (trouble !== undefined) console.log(trouble.replace(/^/gm, "    "));
}

interface Ran {
  readonly success: boolean;
  readonly text: string;
}

async function run(command: readonly string[], cwd: string | URL): Promise<Ran> {
  const [program = "", ...args] = command;
  try {
    const { success, stdout, stderr } = await new Deno.Command(program, {
      args,
      cwd,
      env: { NO_COLOR: "1" },
      stdin: "null",
    }).output();
    const decoder = new TextDecoder();
    return { success, text: (decoder.decode(stdout) + decoder.decode(stderr)).trim() };
  } catch (error) {
    return { success: false, text: `${program}: ${error}` };
  }
}

const npm = Deno.build.os === "windows" ? "npm.cmd" : "npm";

/** The tarball holds what a user needs, and nothing else. */
async function checkTarball(tarball: string, folder: string): Promise<void> {
  const installed = `${folder}/node_modules/@nova/events`;
  const found: string[] = [];
  const walk = async (path: string): Promise<void> => {
    for await (const entry of Deno.readDir(`${installed}/${path}`)) {
      const inner = path === "" ? entry.name : `${path}/${entry.name}`;
      if (entry.isDirectory) await walk(inner);
      else found.push(inner);
    }
  };
  await walk("");
  const missing = ["README.md", "LICENSE", "CHANGELOG.md", "package.json", "mod.js", "mod.d.ts"]
    .filter((name) => !found.includes(name));
  const stray = found.filter((name) =>
    !/^(src\/[a-z0-9_/]+|mod)\.(js|d\.ts)$|^[^/]+\.(md|json)$|^LICENSE$/.test(name)
  );
  const { exports } = JSON.parse(await Deno.readTextFile(`${installed}/package.json`)) as {
    exports: Record<string, { types: string; import: string }>;
  };
  const targets = ENTRIES.flatMap((entry) => {
    const { types, import: code } = exports[entry] ?? {};
    return [types ?? `${entry} (types)`, code ?? `${entry} (code)`];
  });
  const untargeted = targets.filter((name) => !found.includes(name.replace(/^\.\//, "")));
  const said = Object.entries({ missing, stray, untargeted })
    .filter(([, names]) => names.length > 0)
    .map(([what, names]) => `${what}: ${names.join(", ")}`);
  const { size } = await Deno.stat(tarball);
  console.log(`   ${found.length} files, ${(size / 1024).toFixed(1)} kB packed`);
  report("the tarball holds what it must", said.length === 0 ? undefined : said.join("\n"));
}

/** Runs the program and counts each entry as one case, also those it said nothing about. */
async function checkRuntime(
  name: string,
  command: readonly string[],
  folder: string,
): Promise<void> {
  const { text } = await run([...command, "consumer.ts"], folder);
  const said = text.split(/^(?=ok |FAILED )/m).map((part) => part.trim());
  for (const entry of ENTRIES) {
    const trouble = said.includes(`ok ${entry}`)
      ? undefined
      : said.find((part) => part.startsWith(`FAILED ${entry} `)) ??
        `no probe ran; it said: ${text}`;
    report(`${name} uses ${entry}`, trouble);
  }
}

async function checkTypes(folder: string): Promise<void> {
  const runtime = await node();
  for (const version of COMPILERS) {
    const compiler = `${folder}/node_modules/typescript-${version}/bin/tsc`;
    for (const resolution of RESOLUTIONS) {
      const config = {
        compilerOptions: {
          ...resolution,
          target: "es2024",
          lib: ["esnext", "dom", "dom.iterable", "dom.asynciterable"],
          types: [],
          strict: true,
          exactOptionalPropertyTypes: true,
          skipLibCheck: false,
          noEmit: true,
        },
        files: ["consumer.ts"],
      };
      await Deno.writeTextFile(`${folder}/tsconfig.json`, JSON.stringify(config));
      const { success, text } = await run([...runtime, compiler, "-p", "tsconfig.json"], folder);
      const name = `tsc ${version} with moduleResolution ${resolution.moduleResolution}`;
      report(name, success ? undefined : text);
    }
  }
}

async function main(folder: string): Promise<void> {
  const tarball = `${folder}/nova.tgz`;
  const packed = await run([Deno.execPath(), "pack", "--allow-dirty", "-o", tarball], ROOT);
  report("deno pack", packed.success ? undefined : packed.text);
  if (!packed.success) return;

  await Deno.writeTextFile(
    `${folder}/package.json`,
    JSON.stringify({ name: "consumer", private: true, type: "module" }),
  );
  await Deno.copyFile(new URL("pack/consumer.ts", import.meta.url), `${folder}/consumer.ts`);
  const compilers = COMPILERS.map((version) => `typescript-${version}@npm:typescript@${version}`);
  const install = [npm, "install", "--no-audit", "--no-fund", "--prefix", folder];
  const installed = await run([...install, tarball, ...compilers], folder);
  report("npm install", installed.success ? undefined : installed.text);
  if (!installed.success) return;

  await checkTarball(tarball, folder);
  await checkRuntime("Node", await node(), folder);
  await checkRuntime("Bun", await bun(), folder);
  const deno = [Deno.execPath(), "run", "--quiet", "--no-lock", "--node-modules-dir=manual"];
  await checkRuntime("Deno", deno, folder);
  await checkTypes(folder);
}

const folder = await Deno.makeTempDir({ prefix: "nova-pack-" });
try {
  await main(folder);
} finally {
  await Deno.remove(folder, { recursive: true });
}
console.log(`pack: ${passed} passed, ${failed} failed`);
Deno.exitCode = failed === 0 ? 0 : 1;
