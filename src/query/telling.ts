/** Of all that differs between runs, the few that answer "What changed between these two?" at a glance. */
import type { Difference } from './compare.ts';

/** What people changed, or what was changed under them; the others are what came of it. */
const causes: ReadonlySet<Difference['type']> = new Set(['tasks', 'param', 'source', 'definition', 'input', 'dataset', 'environment', 'version']);

export function isCause({ type }: Difference): boolean {
  return causes.has(type);
}

export interface Telling {
  /** Places in the list of differences. */
  readonly causes: readonly number[];
  readonly effects: readonly number[];
}

/**
 * One of each kind first, then the next of each: fifty parameters must not hide the one file that was changed too. Of
 * effects, what went better or worse comes before what is only another.
 */
export function tellingOf(differences: readonly Difference[], most = 6): Telling {
  const places = differences.map((difference, index) => ({ difference, index }));
  return {
    causes: inTurn(places.filter(({ difference }) => isCause(difference)), most),
    effects: inTurn(places.filter(({ difference }) => !isCause(difference) && !(difference.type === 'metric' && difference.verdicts.every((verdict) => verdict === 'changed' || verdict === 'same'))), most),
  };
}

function inTurn(places: readonly { readonly difference: Difference; readonly index: number }[], most: number): readonly number[] {
  const rank = new Map<number, number>();
  const seen = new Map<Difference['type'], number>();
  for (const { difference, index } of places) {
    const turn = seen.get(difference.type) ?? 0;
    seen.set(difference.type, turn + 1);
    rank.set(index, turn);
  }
  const chosen = [...places].sort((a, b) => (rank.get(a.index) ?? 0) - (rank.get(b.index) ?? 0) || a.index - b.index).slice(0, most);
  return chosen.map(({ index }) => index).sort((a, b) => a - b);
}
