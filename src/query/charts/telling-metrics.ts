/** In which order metrics are offered for a chart of their courses: the first is drawn until a person chooses. */
import { directionOf } from '../direction.ts';

interface Counted {
  readonly name: string;
  /** Points that the series has. */
  readonly count: number;
}

interface Found {
  /** Series with a course, which a line can show, and those of one point. */
  courses: number;
  points: number;
}

/**
 * What is a course wherever it was logged comes before what is one in some runs or tasks only, as lines and lone points
 * in one chart say little; then what most runs have; then what says what is good. `series` are those of all runs.
 */
export function tellingMetrics(series: Iterable<Counted>): readonly string[] {
  const found = new Map<string, Found>();
  for (const { name, count } of series) {
    let of = found.get(name);
    if (of === undefined) found.set(name, (of = { courses: 0, points: 0 }));
    if (count < 2) of.points += 1;
    else of.courses += 1;
  }
  const most = Math.max(0, ...[...found.values()].map(({ courses }) => courses));
  const ranks = new Map([...found].map(([name, { courses, points }]) => [name, [courses === 0 ? 2 : points > 0 ? 1 : 0, Number(courses * 2 < most), Number(directionOf(name) === 'none')]]));
  const rankOf = (name: string): readonly number[] => ranks.get(name) ?? [];
  return [...found.keys()].sort((a, b) => {
    const [ofA, ofB] = [rankOf(a), rankOf(b)];
    const at = ofA.findIndex((each, place) => each !== ofB[place]);
    return at === -1 ? a.localeCompare(b) : (ofA[at] ?? 0) - (ofB[at] ?? 0);
  });
}
