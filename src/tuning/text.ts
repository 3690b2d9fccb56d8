/**
 * Advice as text, for a terminal.
 */

import type { ChecklistItem } from "./checklist.ts";
import type { Finding } from "./finding.ts";
import { count } from "./words.ts";

/** Findings as text, each in a few lines; one line when there are none. */
export function adviceText(findings: readonly Finding[]): string {
  if (findings.length === 0) return "No findings: nothing to tune.\n";
  return `${count(findings.length, "finding")}\n${findings.map(paragraph).join("")}`;
}

/** The checklist as text. */
export function checklistText(items: readonly ChecklistItem[]): string {
  const lines = items.map(({ box, state, how }) =>
    `[${MARKS[state]}] ${box}\n    ${oneLine(how)}\n`
  );
  return `Tuning checklist (x: good, !: needs attention, blank: yours to do)\n${lines.join("")}`;
}

const MARKS = { good: "x", attention: "!", yours: " " } as const;

function paragraph(finding: Finding): string {
  const { severity, symptom, part, evidence, cause, remedy, config } = finding;
  const rows = [["evidence", evidence], ["cause", cause], ["remedy", remedy], ["config", config]];
  const lines = rows.flatMap(([label, text]) =>
    text === undefined ? [] : [`  ${label!.padEnd(9)} ${oneLine(text)}\n`]
  );
  return `\n${severity.toUpperCase()} ${symptom}: ${oneLine(part)}\n${lines.join("")}`;
}

/** Names come from programs, and sometimes from users: none may draw on a terminal. */
function oneLine(text: string): string {
  return text.replaceAll(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, "\u{fffd}");
}
