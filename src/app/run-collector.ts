/**
 * What listens for a run's tasks: started with the first attempt, as a run in which all is up to date has none; while
 * watching already when something stirs, since to listen takes as long as a tenth of what a change may take until its
 * task starts.
 */
import type { Collector } from '../collector/server.ts';

/** Milliseconds after which nothing has come of what stirred. */
const longestUnused = 1000;

export interface CollectorSource {
  /** A run may follow within moments. */
  readonly soon: () => void;
  /** One that listens, for this run alone. Rejects where nothing can. */
  readonly take: (onWarning: (message: string) => void) => Promise<Collector>;
  readonly close: () => Promise<void>;
}

interface Early {
  readonly collector: Promise<Collector>;
  tell: (message: string) => void;
  timer: NodeJS.Timeout;
}

export function createCollectorSource(start: CollectorSource['take'] = startLoaded): CollectorSource {
  let early: Early | undefined;

  const drop = async (): Promise<void> => {
    const dropped = early;
    early = undefined;
    clearTimeout(dropped?.timer);
    await dropped?.collector.then((collector) => collector.close()).catch(() => undefined);
  };

  return {
    soon: () => {
      const timer = setTimeout(() => void drop(), longestUnused).unref();
      if (early !== undefined) {
        clearTimeout(early.timer);
        early.timer = timer;
        return;
      }
      const next: Early = { collector: start((message) => next.tell(message)), tell: () => undefined, timer };
      early = next;
      // A run that needs one tries again.
      next.collector.catch(() => {
        if (early === next) void drop();
      });
    },
    take: (onWarning) => {
      if (early === undefined) return start(onWarning);
      const { collector, timer } = early;
      early.tell = onWarning;
      early = undefined;
      clearTimeout(timer);
      return collector;
    },
    close: drop,
  };
}

/** Its code is not loaded before. */
async function startLoaded(onWarning: (message: string) => void): Promise<Collector> {
  const [{ startCollector }, { services }] = await Promise.all([import('../collector/server.ts'), import('../collector/services.ts')]);
  return startCollector({ services, onWarning });
}
