/** Figures as text. */

/** Pads the cells so that the columns stand under each other; the first column is left-aligned. */
export function textTable(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const widths = head.map((cell, column) =>
    Math.max(cell.length, ...rows.map((row) => row[column]?.length ?? 0))
  );
  const line = (cells: readonly string[]): string =>
    cells.map((cell, column) =>
      column === 0 ? cell.padEnd(widths[0]!) : cell.padStart(widths[column]!)
    ).join("  ").trimEnd();
  return [line(head), line(widths.map((width) => "-".repeat(width))), ...rows.map(line)].join("\n");
}

/** Three digits that count: 0.81, 5.34, 53.4, 534, 5 340. */
export function short(figure: number): string {
  if (figure === 0) return "0";
  if (figure < 10) return figure.toFixed(2);
  if (figure < 100) return figure.toFixed(1);
  return whole(figure);
}

/** A whole number with thin spaces: 5 340. */
export function whole(figure: number): string {
  return Math.round(figure).toLocaleString("en").replaceAll(",", "\u202f");
}

/** Operations per second: 187M, 12.4M, 830k. */
export function rate(nanoseconds: number): string {
  const perSecond = 1e9 / nanoseconds;
  if (perSecond >= 99.5e6) return `${Math.round(perSecond / 1e6)}M`;
  if (perSecond >= 1e6) return `${(perSecond / 1e6).toFixed(1)}M`;
  return `${Math.round(perSecond / 1e3)}k`;
}
