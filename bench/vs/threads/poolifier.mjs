import { ThreadWorker } from "../node_modules/poolifier-web-worker/esm/mod.js";

export default new ThreadWorker(({ data }) => data.total);
