/** Runs come one after the other. */

export interface RunQueue {
  /** After those before it. `started` is to be called when the run can be acted on. */
  readonly add: <T>(run: (started: () => void) => Promise<T>) => Promise<T>;
  /** Of the first run that waits or begins: settled when it can be acted on, or has failed to be. `undefined`: there is none. */
  readonly starting: () => Promise<void> | undefined;
  /** Resolves when the runs that are there now are over. */
  readonly settled: () => Promise<void>;
}

export function createRunQueue(): RunQueue {
  /** In their order: whoever waited for a later one would wait for the earlier one's end. */
  const starts: Promise<void>[] = [];
  let last: Promise<void> = Promise.resolve();
  return {
    add: (run) => {
      let resolve: () => void = () => undefined;
      const start = new Promise<void>((settle) => (resolve = settle));
      starts.push(start);
      const started = (): void => {
        const at = starts.indexOf(start);
        if (at !== -1) void starts.splice(at, 1);
        resolve();
      };
      const result = last.then(() => run(started));
      last = result.then(started, started);
      return result;
    },
    starting: () => starts[0],
    settled: () => last,
  };
}
