// The work of the thread probe in a process of its own: prints how long it took.
import process from "node:process";

function spin(turns) {
  let x = 1;
  for (let i = 0; i < turns; i++) {
    x ^= x << 13;
    x ^= x >>> 17;
    x ^= x << 5;
  }
  return x;
}

const turns = Number(process.argv[2]);
spin(2_000_000);
const start = performance.now();
spin(turns);
process.stdout.write(String(performance.now() - start));
