/** Where the runner finds the project, and where it puts its modules (two runs may overlap). */

/** The project's folder. */
export const ROOT: URL = new URL("../../", import.meta.url);

/** The folder of the generated modules of this run, inside the project so that its rules hold. */
export const WORK: URL = new URL(`.cache/docs-${Deno.pid}/`, ROOT);
