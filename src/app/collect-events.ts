/**
 * What the record of a run is made from, gathered while the run goes on: to read the log of thousands of tasks again
 * took a tenth of their run. Most of what an event holds is held elsewhere as well (results, fingerprints), so this
 * takes little memory; of a run that tells more than `most`, its log is read at its end, as after a crash.
 */
import type { RunEvent } from '../model/run-event.ts';
import type { RunCollector } from '../recording/run-to-spans.ts';

/** Characters of all events as JSON. */
const mostCharacters = 64 * 1024 * 1024;

export interface CollectedEvents {
  /** `length`: of the event as JSON, in characters; 0 before a task has started. */
  readonly add: (event: RunEvent, length: number) => void;
  /** Loads what takes them in; they are held until then. */
  readonly load: () => Promise<void>;
  /** Whether a task has. */
  readonly hasStarted: () => boolean;
  /** `undefined`: they are too many. */
  readonly all: () => RunCollector | undefined;
}

export function collectEvents(most = mostCharacters): CollectedEvents {
  let waiting: RunEvent[] = [];
  let collector: RunCollector | undefined;
  let characters = 0;
  let hasStarted = false;
  return {
    add: (event, length) => {
      characters += length;
      hasStarted ||= event.type === 'task-started';
      if (characters > most) {
        waiting = [];
        collector = undefined;
      } else if (collector === undefined) waiting.push(event);
      else collector.apply(event);
    },
    load: async () => {
      const { createRunCollector } = await import('../recording/run-to-spans.ts');
      if (characters > most) return;
      const loaded = createRunCollector();
      for (const event of waiting.splice(0)) loaded.apply(event);
      collector = loaded;
    },
    hasStarted: () => hasStarted,
    all: () => collector,
  };
}
