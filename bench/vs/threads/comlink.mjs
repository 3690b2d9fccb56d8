import { expose } from "../node_modules/comlink/dist/esm/comlink.mjs";

const tasks = { total: ({ data }) => data.total };

// Node's threads speak through their parent's port, and comlink has an adapter for it.
if (typeof globalThis.postMessage === "function") expose(tasks);
else {
  const { parentPort } = await import("node:worker_threads");
  const { default: nodeEndpoint } = await import(
    "../node_modules/comlink/dist/esm/node-adapter.mjs"
  );
  expose(tasks, nodeEndpoint(parentPort));
}
