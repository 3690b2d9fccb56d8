/**
 * Numbers and names in sentences, the same on every machine.
 */

/** A number to read. */
export function each(number: number): string {
  return Number(number.toPrecision(6)).toLocaleString("en-US", { maximumFractionDigits: 3 });
}

/** A number of things. */
export function count(number: number, what: string, many: string = `${what}s`): string {
  return `${each(number)} ${number === 1 ? what : many}`;
}

/** A share, such as 0.0312 as 3.1 %. */
export function percent(share: number): string {
  return `${each(Number((share * 100).toPrecision(2)))} %`;
}

/** A rate: whole events when there are many. */
export function rate(perSecond: number): string {
  return `${each(Number(perSecond.toPrecision(3)))}/s`;
}

/** A time: seconds, minutes or hours, whichever reads best. */
export function time(ms: number): string {
  const [value, unit] = ms < 1000
    ? [ms, "ms"]
    : ms < 120_000
    ? [ms / 1000, "s"]
    : ms < 7_200_000
    ? [ms / 60_000, "min"]
    : [ms / 3_600_000, "h"];
  return `${each(Number(value.toPrecision(3)))} ${unit}`;
}

/** Bytes as megabytes. */
export function megabytes(bytes: number): string {
  return `${each(Number((bytes / 1e6).toPrecision(3)))} MB`;
}

/** A name as it stands in code. */
export function quote(name: string): string {
  return JSON.stringify(name);
}

/** A number as it stands in code. */
export function literal(number: number): string {
  return number < 1000 ? String(number) : number.toLocaleString("en-US").replaceAll(",", "_");
}

/** A size that looks chosen: at least the number, with two digits that matter. */
export function rounded(number: number): number {
  const step = 10 ** Math.max(0, Math.floor(Math.log10(Math.max(1, number))) - 1);
  return Math.ceil(number / step) * step;
}
