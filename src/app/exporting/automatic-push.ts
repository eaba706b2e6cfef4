/**
 * Each run to a collector when it is sealed, if the environment or a setting names one. A push never fails a run: the
 * record is there, and what could not be pushed is told once, until it works again.
 */
import { automaticOtlpSettings } from '../../exporters/otlp-settings.ts';
import { readLines } from '../../recording/read-lines.ts';

export interface AutomaticPush {
  /** Comes back at once. */
  readonly push: (record: string) => void;
  /** Resolves when nothing is under way any more, at most as long after it was asked as one push may take. */
  readonly settled: () => Promise<void>;
}

/** While watching, runs can come faster than a collector answers: then the oldest are not pushed. */
const longestQueue = 20;

export interface AutomaticPushOptions {
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** Of the setting; absent: the environment's. */
  readonly endpoint?: string | undefined;
  readonly onProblem: (message: string) => void;
}

export function createAutomaticPush({ environment, endpoint, onProblem }: AutomaticPushOptions): AutomaticPush {
  const read = automaticOtlpSettings(environment, endpoint);
  if (read.type === 'none') return { push: () => undefined, settled: () => Promise.resolve() };
  let told: string | undefined;
  const tell = (message: string): void => {
    if (told !== message) onProblem(message);
    told = message;
  };
  if (read.type === 'problem') return { push: () => tell(`the run was not pushed: ${read.message}`), settled: () => Promise.resolve() };
  const { settings } = read;
  const queue: string[] = [];
  let working: Promise<void> | undefined;
  /** Ends what is under way when the session ends. */
  const closing = new AbortController();

  const pushOne = async (record: string): Promise<void> => {
    // All of a run within the time of one request: nobody waits longer for the end of a command.
    const signal = AbortSignal.any([AbortSignal.timeout(settings.timeout), closing.signal]);
    try {
      const { pushLines } = await import('./push-record.ts');
      const { rejected, messages } = await pushLines(linesOf(record), settings, signal, { attempts: 4, delay: 500, longestDelay: settings.timeout });
      if (rejected > 0) tell(`the collector rejected ${rejected} spans${messages.length > 0 ? `: ${messages.join('; ')}` : ''}`);
      else told = undefined;
    } catch (error) {
      const why = signal.aborted ? `${new URL(settings.url).origin} took longer than ${settings.timeout / 1000} s` : (error as Error).message;
      tell(`the run was not pushed: ${why}. Its record is kept; push it again with: runweave export RUN --to otlp-http`);
    }
  };
  const work = async (): Promise<void> => {
    for (let next = queue.shift(); next !== undefined; next = queue.shift()) await pushOne(next);
    working = undefined;
  };
  return {
    push: (record) => {
      queue.push(record);
      if (queue.length > longestQueue) {
        queue.shift();
        tell(`the collector at ${new URL(settings.url).origin} is slower than the runs: not all are pushed`);
      }
      working ??= work();
    },
    settled: async () => {
      if (working === undefined) return;
      const timer = setTimeout(() => closing.abort(), settings.timeout);
      await working;
      clearTimeout(timer);
    },
  };
}

async function* linesOf(record: string): AsyncGenerator<string> {
  for await (const { text } of readLines(record)) if (text !== '') yield text;
}
