/**
 * What lines differ between two texts: E. W. Myers, "An O(ND) Difference Algorithm and Its Variations", 1986, between
 * the lines that both begin and end with. Time and memory grow with the square of the number of differences, so that
 * is bounded: what differs more is told as one block, with the lines that occur once in both (as in patience
 * diff) to divide it.
 */

/** Lines in their order: of both texts, only of the first, only of the second. */
export interface DiffPart {
  readonly type: 'same' | 'removed' | 'added';
  readonly lines: readonly string[];
}

export interface LineDiff {
  readonly parts: readonly DiffPart[];
  readonly added: number;
  readonly removed: number;
}

/** Differences that are looked for exactly: 16 MB at most. */
const mostDifferences = 2000;

/** `keyOf`: lines of equal keys are the same line; then the second text's is shown. */
export function diffLines(before: readonly string[], after: readonly string[], keyOf: (line: string) => string = (line) => line): LineDiff {
  const [a, b] = numbered(before, after, keyOf);
  const parts: { readonly type: DiffPart['type']; readonly lines: string[] }[] = [];
  const counts = { added: 0, removed: 0 };
  const put = (type: DiffPart['type'], line: string | undefined): void => {
    if (line === undefined) return;
    if (type !== 'same') counts[type] += 1;
    const last = parts.at(-1);
    if (last?.type === type) last.lines.push(line);
    else parts.push({ type, lines: [line] });
  };
  let [x, y] = [0, 0];
  for (const [nextX, nextY] of [...matches(a, b), [a.length, b.length] as const]) {
    for (; x < nextX; x += 1) put('removed', before[x]);
    for (; y < nextY; y += 1) put('added', after[y]);
    put('same', after[y]);
    x += 1;
    y += 1;
  }
  return { parts, ...counts };
}

type Match = readonly [before: number, after: number];

/** Places of what is the same in both, ascending in both. Values are compared by `===`. */
export function matches(a: readonly number[], b: readonly number[]): readonly Match[] {
  const found: Match[] = [];
  matchRange(a, b, { fromA: 0, toA: a.length, fromB: 0, toB: b.length }, found);
  return found;
}

interface Range {
  readonly fromA: number;
  readonly toA: number;
  readonly fromB: number;
  readonly toB: number;
}

function matchRange(a: readonly number[], b: readonly number[], range: Range, found: Match[]): void {
  let { fromA, toA, fromB, toB } = range;
  while (fromA < toA && fromB < toB && a[fromA] === b[fromB]) found.push([fromA++, fromB++]);
  let end = 0;
  while (fromA < toA - end && fromB < toB - end && a[toA - end - 1] === b[toB - end - 1]) end += 1;
  toA -= end;
  toB -= end;
  if (fromA < toA && fromB < toB) {
    const exact = myers(a, b, { fromA, toA, fromB, toB });
    if (exact !== undefined) for (const match of exact) found.push(match);
    else {
      const startA = fromA;
      for (const [atA, atB] of commonOnce(a, b, { fromA, toA, fromB, toB })) {
        matchRange(a, b, { fromA, toA: atA, fromB, toB: atB }, found);
        found.push([atA, atB]);
        [fromA, fromB] = [atA + 1, atB + 1];
      }
      if (fromA > startA) matchRange(a, b, { fromA, toA, fromB, toB }, found);
    }
  }
  for (; end > 0; end -= 1) found.push([range.toA - end, range.toB - end]);
}

/** `undefined`: more than `mostDifferences`. Keeps the furthest places of each step, to walk back on. */
function myers(a: readonly number[], b: readonly number[], { fromA, toA, fromB, toB }: Range): readonly Match[] | undefined {
  const [n, m] = [toA - fromA, toB - fromB];
  const most = Math.min(n + m, mostDifferences);
  /** Of step `d`, the furthest place in `a` on diagonal `k`, at `k + d`. */
  const steps: Int32Array[] = [];
  for (let d = 0; d <= most; d += 1) {
    const previous = steps[d - 1];
    const furthest = new Int32Array(2 * d + 1);
    steps.push(furthest);
    for (let k = -d; k <= d; k += 2) {
      let x = previous === undefined ? 0 : startOn(previous, d, k);
      let y = x - k;
      while (x < n && y < m && a[fromA + x] === b[fromB + y]) {
        x += 1;
        y += 1;
      }
      furthest[k + d] = x;
      if (x >= n && y >= m) return walkBack(steps, n, m).map(([atA, atB]) => [atA + fromA, atB + fromB]);
    }
  }
  return undefined;
}

function isDown(previous: Int32Array, d: number, k: number): boolean {
  // Diagonal `k` of the step before stands at `k + d - 1`.
  return k === -d || (k !== d && (previous[k - 1 + d - 1] ?? 0) < (previous[k + 1 + d - 1] ?? 0));
}

function startOn(previous: Int32Array, d: number, k: number): number {
  return isDown(previous, d, k) ? (previous[k + 1 + d - 1] ?? 0) : (previous[k - 1 + d - 1] ?? 0) + 1;
}

function walkBack(steps: readonly Int32Array[], n: number, m: number): readonly Match[] {
  const found: Match[] = [];
  let [x, y] = [n, m];
  for (let d = steps.length - 1; d >= 0; d -= 1) {
    const previous = steps[d - 1];
    const k = x - y;
    const down = previous !== undefined && isDown(previous, d, k);
    const start = previous === undefined ? 0 : startOn(previous, d, k);
    for (; x > start && y > start - k; x -= 1, y -= 1) found.push([x - 1, y - 1]);
    if (previous === undefined) break;
    if (down) y -= 1;
    else x -= 1;
  }
  return found.reverse();
}

/** Of values that occur once in both, the longest chain that ascends in both. */
function commonOnce(a: readonly number[], b: readonly number[], { fromA, toA, fromB, toB }: Range): readonly Match[] {
  const once = (values: readonly number[], from: number, to: number): ReadonlyMap<number, number> => {
    const places = new Map<number, number>();
    for (let at = from; at < to; at += 1) places.set(values[at] ?? 0, places.has(values[at] ?? 0) ? -1 : at);
    return places;
  };
  const inB = once(b, fromB, toB);
  const pairs = [...once(a, fromA, toA)].flatMap(([value, at]): readonly Match[] => {
    const other = inB.get(value) ?? -1;
    return at < 0 || other < 0 ? [] : [[at, other]];
  });
  return longestAscending(pairs);
}

/** `pairs` ascend in their first place; patience sorting by the second. */
function longestAscending(pairs: readonly Match[]): readonly Match[] {
  const ends: number[] = [];
  const before: number[] = [];
  for (const [index, [, place]] of pairs.entries()) {
    let [low, high] = [0, ends.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((pairs[ends[middle] ?? 0]?.[1] ?? 0) < place) low = middle + 1;
      else high = middle;
    }
    before[index] = low === 0 ? -1 : (ends[low - 1] ?? -1);
    ends[low] = index;
  }
  const chain: Match[] = [];
  for (let at = ends.at(-1) ?? -1; at >= 0; at = before[at] ?? -1) {
    const pair = pairs[at];
    if (pair !== undefined) chain.push(pair);
  }
  return chain.reverse();
}

/** Equal keys as equal numbers: comparing these is what most of the time goes into. */
export function numbered<T>(before: readonly T[], after: readonly T[], keyOf: (item: T) => string): readonly [readonly number[], readonly number[]] {
  const numbers = new Map<string, number>();
  const numberOf = (item: T): number => {
    const key = keyOf(item);
    const known = numbers.get(key) ?? numbers.size;
    numbers.set(key, known);
    return known;
  };
  return [before.map(numberOf), after.map(numberOf)];
}

/** Differences with `context` lines around them; `skipped` lines of both stand before each. */
export interface Hunk {
  readonly skipped: number;
  readonly parts: readonly DiffPart[];
}

export function hunksOf({ parts }: LineDiff, context = 3): readonly Hunk[] {
  const hunks: { readonly skipped: number; readonly parts: DiffPart[] }[] = [];
  for (const [index, part] of parts.entries()) {
    const open = hunks.at(-1)?.parts;
    const { type, lines } = part;
    const isLast = index === parts.length - 1;
    if (type !== 'same' || (index > 0 && !isLast && lines.length <= 2 * context)) {
      if (open === undefined) hunks.push({ skipped: 0, parts: [part] });
      else open.push(part);
      continue;
    }
    if (index > 0) open?.push({ type, lines: lines.slice(0, context) });
    if (isLast) break;
    const tail = lines.slice(-context);
    hunks.push({ skipped: lines.length - tail.length - (index > 0 ? context : 0), parts: [{ type, lines: tail }] });
  }
  return hunks;
}
