/**
 * What listens for a run's tasks: started with the first attempt, as a run in which all is up to date has none; while
 * watching, it is made ahead, and listens when something stirs: together that takes as long as a seventh of what a
 * change may take until its task starts.
 */
import type { Collector } from '../collector/server.ts';

/** Milliseconds after which nothing has come of what stirred. */
const longestUnused = 1000;

export interface CollectorSource {
  /** While nothing runs: the next one is made, and does not listen. */
  readonly prepare: () => void;
  /** A run may follow within moments. */
  readonly soon: () => void;
  /** One that listens, for this run alone. Rejects where nothing can. */
  readonly take: (onWarning: (message: string) => void) => Promise<Collector>;
  readonly close: () => Promise<void>;
}

/** Makes one, and gives what makes it listen. */
type Make = (onWarning: (message: string) => void) => Promise<() => Promise<Collector>>;

interface Made {
  readonly listen: () => Promise<Collector>;
  tell: (message: string) => void;
}

interface Early {
  readonly made: Made;
  readonly collector: Promise<Collector>;
  timer: NodeJS.Timeout;
}

export function createCollectorSource(make: Make = makeLoaded): CollectorSource {
  let ready: Made | undefined;
  let early: Early | undefined;

  const makeNext = (): Made => {
    const next: Made = { tell: () => undefined, listen: async () => (await made)() };
    const made = make((message) => next.tell(message));
    // Who wants it to listen is told; who comes after that tries again.
    made.catch(() => {
      if (ready === next) ready = undefined;
    });
    return next;
  };

  const takeReady = (): Made => {
    const next = ready ?? makeNext();
    ready = undefined;
    return next;
  };

  const drop = async (): Promise<void> => {
    const dropped = early;
    early = undefined;
    clearTimeout(dropped?.timer);
    await dropped?.collector.then((collector) => collector.close()).catch(() => undefined);
  };

  return {
    prepare: () => {
      if (early === undefined) ready ??= makeNext();
    },
    soon: () => {
      const timer = setTimeout(() => void drop(), longestUnused).unref();
      if (early !== undefined) {
        clearTimeout(early.timer);
        early.timer = timer;
        return;
      }
      const made = takeReady();
      const next: Early = { made, collector: made.listen(), timer };
      early = next;
      // A run that needs one tries again.
      next.collector.catch(() => {
        if (early === next) void drop();
      });
    },
    take: (onWarning) => {
      const { made, collector, timer } = early ?? { made: takeReady() };
      early = undefined;
      clearTimeout(timer);
      made.tell = onWarning;
      return collector ?? made.listen();
    },
    close: drop,
  };
}

/** Its code is not loaded before. */
async function makeLoaded(onWarning: (message: string) => void): Promise<() => Promise<Collector>> {
  const [{ createCollector }, { services }] = await Promise.all([import('../collector/server.ts'), import('../collector/services.ts')]);
  return createCollector({ services, onWarning });
}
