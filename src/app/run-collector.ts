/**
 * What listens for a run's tasks: started with the first attempt, as a run in which all is up to date has none, and
 * closed with the run. While watching, it goes on listening for a minute, as most saves follow one another: to start it
 * takes as long as a seventh of what a change may take until its task starts. Without a secret, which no attempt has by
 * then, it answers nobody.
 */
import type { Collector } from '../collector/server.ts';

/** Milliseconds without a run. */
const longestUnused = 60_000;

export interface CollectorSource {
  /** While nothing runs: what the next one is made of is loaded. */
  readonly prepare: () => void;
  /** For one run at a time, until that closes it. Rejects where nothing can listen. */
  readonly take: (onWarning: (message: string) => void) => Promise<Collector>;
  /** Of what no run has. */
  readonly close: () => Promise<void>;
}

/** One that listens. */
type Start = (onWarning: (message: string) => void) => Promise<Collector>;

interface Started {
  readonly collector: Collector;
  /** To the run that has it. */
  tell: (message: string) => void;
}

/** `isKept`: whether another run may follow soon. */
export function createCollectorSource(isKept: () => boolean, start: Start = startLoaded): CollectorSource {
  let unused: Started | undefined;
  let timer: NodeJS.Timeout | undefined;

  const takeUnused = (): Started | undefined => {
    const taken = unused;
    unused = undefined;
    clearTimeout(timer);
    return taken;
  };

  const startNew = async (): Promise<Started> => {
    const warnings = { tell: (_: string): void => undefined };
    return Object.assign(warnings, { collector: await start((message) => warnings.tell(message)) });
  };

  const close = async (): Promise<void> => takeUnused()?.collector.close();

  const giveBack = async (own: Started): Promise<void> => {
    own.tell = () => undefined;
    if (!isKept() || unused !== undefined) return own.collector.close();
    own.collector.reset();
    unused = own;
    timer = setTimeout(() => void close(), longestUnused).unref();
  };

  return {
    prepare: () => void load(),
    take: async (onWarning) => {
      const own = takeUnused() ?? (await startNew());
      own.tell = onWarning;
      return { ...own.collector, close: () => giveBack(own) };
    },
    close,
  };
}

/** Its code is not loaded before. */
async function load() {
  const [{ startCollector }, { services }] = await Promise.all([import('../collector/server.ts'), import('../collector/services.ts')]);
  return { startCollector, services };
}

async function startLoaded(onWarning: (message: string) => void): Promise<Collector> {
  const { startCollector, services } = await load();
  return startCollector({ services, onWarning });
}
