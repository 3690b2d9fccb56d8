/**
 * The types of what runs in a thread.
 */

/** Tasks by name: functions of one input. What they take and return must survive a structured clone. */
// deno-lint-ignore ban-types
export type TaskMap = {};

/** The names of the tasks. */
export type TaskName<Tasks extends TaskMap> = Extract<keyof Tasks, string>;

/** What a task takes. */
export type TaskInput<Tasks extends TaskMap, Name extends TaskName<Tasks>> = Tasks[Name] extends
  (input: infer Input, ...rest: never[]) => unknown ? Input : never;

/** What a task returns, once awaited. */
export type TaskOutput<Tasks extends TaskMap, Name extends TaskName<Tasks>> = Tasks[Name] extends
  (...args: never[]) => infer Output ? Awaited<Output> : never;

/** What a task gets beside its input. */
export interface TaskContext {
  /** Aborts when nobody waits for this task any more. A task that ignores it is ended with its thread. */
  readonly signal: AbortSignal;
}
