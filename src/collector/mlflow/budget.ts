/** What the collector remembers of one attempt, so that the task can read it back, has a bound; the record has not. */
import { Refusal } from './refusal.ts';

/** Bytes of parameters, tags, datasets and models, about. */
const textLimit = 128 * 1024 * 1024;
/** An entry costs something, however short. */
const entryCost = 400;
/** Points of all metrics together, 24 bytes each. */
const pointLimit = 5_000_000;

export interface Budget {
  /** Counts text that will be remembered; refuses what is too much. */
  readonly text: (...texts: readonly (string | undefined)[]) => void;
  /** What took its place was counted: this is not remembered any more. */
  readonly forget: (...texts: readonly string[]) => void;
  /** Whether one more point may be remembered. */
  readonly point: () => boolean;
}

export function createBudget(limits = { text: textLimit, points: pointLimit }): Budget {
  let bytes = 0;
  let points = 0;
  return {
    text: (...texts) => {
      const more = sizeOf(texts);
      if (bytes + more > limits.text) throw new Refusal('BAD_REQUEST', `This task has logged more than ${Math.round(limits.text / 1024 / 1024)} MiB of parameters, tags and datasets. Log large values as artifacts.`);
      bytes += more;
    },
    forget: (...texts) => {
      bytes -= sizeOf(texts);
    },
    point: () => {
      points += 1;
      return points <= limits.points;
    },
  };
}

function sizeOf(texts: readonly (string | undefined)[]): number {
  return texts.reduce((sum, each) => sum + entryCost + (each?.length ?? 0), 0);
}
