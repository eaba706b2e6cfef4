/**
 * Two evaluated notebooks (nbformat 4), cell by cell. Cells of the same text are the same cell; of those between, what
 * has the same id, or stays most alike, is one cell that was changed.
 */
import { canonicalJson, isJsonObject, type Json, type JsonObject } from '../model/json.ts';
import { deepestRecorded, parseNested } from '../model/nested-json.ts';
import { matches, numbered } from './line-diff.ts';
import { lineKey, linesOf } from './printed.ts';

export interface NotebookCell {
  /** From 1, as it stands in its notebook. */
  readonly place: number;
  readonly type: 'code' | 'text';
  readonly id?: string;
  readonly source: string;
  /** As nbformat has them. */
  readonly outputs: readonly JsonObject[];
}

export interface CellPair {
  readonly before?: NotebookCell;
  readonly after?: NotebookCell;
  readonly sourceDiffers: boolean;
  readonly outputsDiffer: boolean;
}

export interface NotebookDiff {
  /** All cells, in the order of the second notebook, with what was taken out where it stood. */
  readonly cells: readonly CellPair[];
}

/** `undefined`: no notebook that can be read. */
export function readNotebook(text: string): readonly NotebookCell[] | undefined {
  let json: Json;
  try {
    json = parseNested(text, deepestRecorded) as Json;
  } catch {
    return undefined;
  }
  const cells = isJsonObject(json) ? json['cells'] : undefined;
  if (!Array.isArray(cells)) return undefined;
  return (cells as readonly Json[]).filter(isJsonObject).map((cell, index): NotebookCell => {
    const { id, outputs } = cell;
    return {
      place: index + 1,
      type: cell['cell_type'] === 'code' ? 'code' : 'text',
      ...(typeof id === 'string' && { id }),
      source: joinedText(cell['source']),
      outputs: Array.isArray(outputs) ? (outputs as readonly Json[]).filter(isJsonObject) : [],
    };
  });
}

/** nbformat's "multiline string": a text, or a list of its lines. */
export function joinedText(value: Json | undefined): string {
  if (typeof value === 'string') return value;
  return Array.isArray(value) ? (value as readonly Json[]).map((part) => (typeof part === 'string' ? part : '')).join('') : '';
}

export function compareNotebooks(before: readonly NotebookCell[], after: readonly NotebookCell[]): NotebookDiff {
  const [a, b] = numbered(before, after, ({ type, source }) => `${type}\n${source.trimEnd()}`);
  const cells: CellPair[] = [];
  let [x, y] = [0, 0];
  for (const [nextX, nextY] of [...matches(a, b), [before.length, after.length] as const]) {
    cells.push(...pairsBetween(before.slice(x, nextX), after.slice(y, nextY)));
    const [cell, other] = [before[nextX], after[nextY]];
    if (cell !== undefined && other !== undefined) cells.push(pairOf(cell, other));
    [x, y] = [nextX + 1, nextY + 1];
  }
  return { cells };
}

function pairOf(before: NotebookCell, after: NotebookCell): CellPair {
  return { before, after, sourceDiffers: before.source.trimEnd() !== after.source.trimEnd(), outputsDiffer: outputKey(before) !== outputKey(after) };
}

/** Cells that are looked at for likeness; beyond, what was taken out and what came are told apart. */
const mostCandidates = 200;
/** Of the lines of two cells, so many must be the same for one to have become the other. */
const leastAlike = 0.4;

/** The order is kept: the chain of pairs that are most alike in all, as in aligning sequences. */
function pairsBetween(before: readonly NotebookCell[], after: readonly NotebookCell[]): readonly CellPair[] {
  const removed = (cell: NotebookCell): CellPair => ({ before: cell, sourceDiffers: true, outputsDiffer: true });
  const added = (cell: NotebookCell): CellPair => ({ after: cell, sourceDiffers: true, outputsDiffer: true });
  const [n, m] = [before.length, after.length];
  if (n === 0 || m === 0 || n > mostCandidates || m > mostCandidates) return [...before.map(removed), ...after.map(added)];
  const alike = before.map((cell) => after.map((other) => likeness(cell, other)));
  const likeAt = (x: number, y: number): number => alike[x]?.[y] ?? 0;
  /** Of the cells from there on, the most that can be had. */
  const best = Array.from({ length: n + 1 }, () => new Float64Array(m + 1));
  const bestAt = (x: number, y: number): number => best[x]?.[y] ?? 0;
  for (let x = n - 1; x >= 0; x -= 1) {
    for (let y = m - 1; y >= 0; y -= 1) {
      const row = best[x];
      if (row !== undefined) row[y] = Math.max(bestAt(x + 1, y), bestAt(x, y + 1), likeAt(x, y) > 0 ? likeAt(x, y) + bestAt(x + 1, y + 1) : 0);
    }
  }
  const pairs: CellPair[] = [];
  let [x, y] = [0, 0];
  while (x < n || y < m) {
    const [cell, other] = [before[x], after[y]];
    if (cell !== undefined && other !== undefined && likeAt(x, y) > 0 && bestAt(x, y) === likeAt(x, y) + bestAt(x + 1, y + 1)) {
      pairs.push(pairOf(cell, other));
      [x, y] = [x + 1, y + 1];
    } else if (cell !== undefined && (other === undefined || bestAt(x + 1, y) >= bestAt(x, y + 1))) {
      pairs.push(removed(cell));
      x += 1;
    } else if (other !== undefined) {
      pairs.push(added(other));
      y += 1;
    }
  }
  return pairs;
}

/** 0: not the same cell; up to 1, and 2 for the same id. Dice's coefficient over the lines that say something. */
function likeness(a: NotebookCell, b: NotebookCell): number {
  if (a.type !== b.type) return 0;
  if (a.id !== undefined && a.id === b.id) return 2;
  const lines = (cell: NotebookCell): readonly string[] => cell.source.split('\n').map((line) => line.trim()).filter((line) => line !== '');
  const [ofA, ofB] = [lines(a), lines(b)];
  if (ofA.length === 0 || ofB.length === 0) return 0;
  const counts = new Map<string, number>();
  for (const line of ofA) counts.set(line, (counts.get(line) ?? 0) + 1);
  let common = 0;
  for (const line of ofB) {
    const left = counts.get(line) ?? 0;
    if (left === 0) continue;
    counts.set(line, left - 1);
    common += 1;
  }
  const share = (2 * common) / (ofA.length + ofB.length);
  if (share >= leastAlike) return share;
  // A cell of a line or two has no line left when one word of it changed.
  const words = wordLikeness(a.source, b.source);
  return words >= 0.6 ? words * 0.9 : 0;
}

function wordLikeness(a: string, b: string): number {
  const words = (text: string): ReadonlySet<string> => new Set(text.slice(0, 10_000).match(/[\p{L}\p{N}_]+|[^\s\p{L}\p{N}_]/gu));
  const [ofA, ofB] = [words(a), words(b)];
  let common = 0;
  for (const word of ofA) if (ofB.has(word)) common += 1;
  return ofA.size + ofB.size === 0 ? 0 : (2 * common) / (ofA.size + ofB.size);
}

/** What is shown of an output: counters and times of execution are none of it. */
function outputKey({ outputs }: NotebookCell): string {
  return JSON.stringify(mergedStreams(outputs).map(({ output_type: type, name, text, data, ename, evalue, traceback }) => [type, name, textKey(joinedText(text)), isJsonObject(data) ? dataKey(data) : '', ename, textKey(joinedText(evalue)), textKey(joinedText(traceback))]));
}

function dataKey(data: JsonObject): readonly (readonly [string, string])[] {
  const shown = Object.keys(data).filter((type) => !isBesides(type, data));
  return shown.sort().map((type) => [type, type.startsWith('text/') ? textKey(joinedText(data[type])) : typeof data[type] === 'string' || Array.isArray(data[type]) ? joinedText(data[type]).replace(/\s/g, '') : canonicalJson(data[type] ?? null)] as const);
}

/** A picture's text is the address of an object. */
function isBesides(type: string, data: JsonObject): boolean {
  return type === 'text/plain' && hasPicture(data);
}

function hasPicture(data: JsonObject): boolean {
  return Object.keys(data).some((type) => type.startsWith('image/'));
}

function textKey(text: string): string {
  return linesOf(text).map(lineKey).join('\n');
}

/** How many pieces a stream came in is chance. */
export function mergedStreams(outputs: readonly JsonObject[]): readonly JsonObject[] {
  const merged: JsonObject[] = [];
  for (const output of outputs) {
    const last = merged.at(-1);
    if (output['output_type'] === 'stream' && last?.['output_type'] === 'stream' && last['name'] === output['name']) merged[merged.length - 1] = { ...last, text: joinedText(last['text']) + joinedText(output['text']) };
    else merged.push(output);
  }
  return merged;
}

/** Output as lines to compare, where it is text. */
export function outputLines(outputs: readonly JsonObject[]): readonly string[] {
  return mergedStreams(outputs).flatMap(({ output_type: type, text, data, traceback, ename, evalue }): readonly string[] => {
    if (type === 'stream') return linesOf(joinedText(text));
    if (type === 'error') return Array.isArray(traceback) && traceback.length > 0 ? linesOf((traceback as readonly Json[]).map(joinedText).join('\n')) : [`${joinedText(ename)}: ${joinedText(evalue)}`];
    return isJsonObject(data) && !hasPicture(data) ? linesOf(joinedText(data['text/plain'])) : [];
  });
}

/** Outputs that are pictures or markup, to be laid side by side. */
export function richOutputs(outputs: readonly JsonObject[]): readonly JsonObject[] {
  return outputs.filter(({ data }) => isJsonObject(data) && (hasPicture(data) || Object.keys(data).some((type) => type === 'text/html' || type.startsWith('application/vnd.plotly'))));
}
