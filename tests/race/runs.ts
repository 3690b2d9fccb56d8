/**
 * How many orders a property is tried in.
 *
 * @module
 */

const { process } = globalThis as {
  readonly process?: { readonly env: Readonly<Record<string, string | undefined>> };
};

/** So many in the suite; `NOVA_RACE_RUNS` says how many else, `NOVA_RACE_SEED` which. */
export function runs(inTheSuite: number): { numRuns: number; seed?: number } {
  const { NOVA_RACE_RUNS, NOVA_RACE_SEED } = process?.env ?? {};
  return {
    numRuns: Number(NOVA_RACE_RUNS ?? inTheSuite),
    ...(NOVA_RACE_SEED === undefined ? {} : { seed: Number(NOVA_RACE_SEED) }),
  };
}
