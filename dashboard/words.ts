/**
 * Numbers and times to read.
 */

const short = new Intl.NumberFormat("en", { notation: "compact", maximumFractionDigits: 1 });

/** A number in a few characters: 1.2K. */
export function few(number: number): string {
  return short.format(Number(number.toPrecision(3)));
}

/** A number of milliseconds in a few characters. */
export function ms(number: number): string {
  if (number > 0 && number < 1) return `${few(number * 1000)} µs`;
  return number < 1000 ? `${few(number)} ms` : `${few(number / 1000)} s`;
}

/** How long ago it was. */
export function ago(then: number, now: number): string {
  const seconds = Math.max(0, Math.round((now - then) / 1000));
  if (seconds < 120) return `${seconds} s ago`;
  return seconds < 7200
    ? `${Math.round(seconds / 60)} min ago`
    : `${Math.round(seconds / 3600)} h ago`;
}

/** A number of things. */
export function count(number: number, what: string): string {
  return `${few(number)} ${what}${number === 1 ? "" : "s"}`;
}
