/** A worker that offers nothing. */

setInterval(() => {}, 60_000);
export {};
