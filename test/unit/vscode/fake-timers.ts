import type { Timers } from '../../../src/vscode/coalesce.ts';

/** Time that passes when the test says so. */
export function fakeTimers(): Timers & { readonly pass: (ms: number) => void } {
  let now = 0;
  let queue: { readonly at: number; readonly call: () => void }[] = [];
  return {
    now: () => now,
    after: (ms, call) => {
      const entry = { at: now + ms, call };
      queue.push(entry);
      return () => {
        queue = queue.filter((each) => each !== entry);
      };
    },
    pass: (ms) => {
      const until = now + ms;
      for (;;) {
        const next = queue.filter((each) => each.at <= until).sort((a, b) => a.at - b.at)[0];
        if (next === undefined) break;
        queue = queue.filter((each) => each !== next);
        now = next.at;
        next.call();
      }
      now = until;
    },
  };
}
