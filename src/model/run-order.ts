/**
 * The order of runs, by their ids alone, which begin with the second of their start and end with the time within it
 * (`20261120T224011Z-digits-3f2a`, see `app/ids.ts`). Between the two is the pipeline's name: as texts, runs of two
 * pipelines that began in the same second would be ordered by it.
 */

/** Of `20261120T224011Z`. */
const secondLength = 16;
const part = /-([0-9a-f]{4})$/;

/** Compares two ids for a sort, newest first. */
export function newestFirst(a: string, b: string): number {
  if (a === b) return 0;
  for (let at = 0; at < secondLength; at += 1) {
    // Where an id has ended, this is NaN.
    if (a.charCodeAt(at) !== b.charCodeAt(at)) return a < b ? 1 : -1;
  }
  const [partOfA = '', partOfB = ''] = [part.exec(a)?.[1], part.exec(b)?.[1]];
  if (partOfA !== partOfB) return partOfA < partOfB ? 1 : -1;
  return a < b ? 1 : -1;
}
