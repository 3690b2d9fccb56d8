/** Installs the rivals into `bench/vs/node_modules`, once. */

import { execFileSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { fileURLToPath } from "node:url";

/** Does nothing if all packages of `bench/vs/package.json` and tseep are there. */
export function installRivals(): void {
  const here = new URL(".", import.meta.url);
  const manifest = JSON.parse(readFileSync(new URL("package.json", here), "utf8")) as {
    dependencies: Record<string, string>;
  };
  const missing = Object.keys(manifest.dependencies)
    .some((name) => !existsSync(new URL(`node_modules/${name}/package.json`, here)));
  if (missing) install(here);
  try {
    createRequire(here).resolve("tseep");
  } catch {
    install(new URL("../../", here));
  }
}

function install(folder: URL): void {
  const cwd = fileURLToPath(folder);
  try {
    execFileSync("npm", ["install", "--no-audit", "--no-fund"], { cwd, stdio: "inherit" });
  } catch (cause) {
    throw new Error(`Cannot install the rivals: "npm install" failed in ${cwd}`, { cause });
  }
}
