/** Which code was measured. */

import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

const ROOT = new URL("../../", import.meta.url);

/** The commit, with a `+` if the library's files are not as it has them; "unknown" without git. */
export function commit(): string {
  try {
    const changes = git("status", "--porcelain", "--", "src", "mod.ts");
    return git("rev-parse", "--short", "HEAD") + (changes === "" ? "" : "+");
  } catch {
    return "unknown";
  }
}

/**
 * Changes when a file of the library does. Every process reads the files anew, so a run during which
 * somebody edits them compares one version with another.
 */
export function fingerprint(): string {
  const hash = createHash("sha256").update(readFileSync(new URL("mod.ts", ROOT)));
  const files = readdirSync(new URL("src/", ROOT), { recursive: true, encoding: "utf8" });
  for (const file of files.filter((name) => name.endsWith(".ts")).sort()) {
    hash.update(file).update(readFileSync(new URL(`src/${file}`, ROOT)));
  }
  return hash.digest("hex");
}

function git(...args: string[]): string {
  return execFileSync("git", args, {
    cwd: fileURLToPath(ROOT),
    encoding: "utf8",
    stdio: ["ignore", "pipe", "ignore"],
  }).trim();
}
