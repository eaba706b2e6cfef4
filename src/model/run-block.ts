/**
 * Summaries of many runs as numbers: what the index of a folder is made of, and what a table of runs holds in memory.
 *
 * A run is a slice of one array of numbers. What is no number is the place of a value in `values`, where each distinct
 * one stands once, and −1 where there is none. Which parameters, tags and series a run has is its shape, the same for
 * most runs of a pipeline: names stand there, once. (As objects, 100,000 runs of 20 series each took 1 GB of memory
 * and two seconds to parse; as blocks, a tenth of that.)
 *
 * A slice: the fields of `head`, in that order; of each parameter, of each task parameter's list and of each tag's list
 * its value; then the numbers of each series, as many as its shape says:
 *   1  the only value, which is the least, the greatest and the mean as well (or is no number)
 *   2  count and last value, where no value is a finite number
 *   5  count, last, min, max, mean
 */
import type { Json, JsonObject } from './json.ts';
import type { TaskId } from './pipeline.ts';
import type { RunSummary, SeriesSummary } from './record.ts';
import type { Outcome, RunId, TraceId } from './run-event.ts';
import { fromNumbers } from './series-numbers.ts';
import type { UnixNano } from './time.ts';

/** A time is milliseconds, and nanoseconds beyond them; text that is no such number is kept as a value, −2 − its place. */
const head = ['shape', 'key', 'runId', 'traceId', 'pipeline', 'start', 'startRest', 'end', 'endRest', 'outcome', 'flags', 'total', 'executed', 'succeeded', 'failed', 'skipped', 'branch', 'commit', 'imported'] as const;
export type HeadField = (typeof head)[number];
export const headLength = head.length;
export const place = Object.fromEntries(head.map((name, at) => [name, at])) as Readonly<Record<HeadField, number>>;

/** Bits of `flags`. */
export const flag = { interrupted: 1, dirtyKnown: 2, dirty: 4 } as const;

export type SeriesWidth = 1 | 2 | 5;

export interface RunShape {
  readonly params: readonly string[];
  readonly taskParams: readonly string[];
  readonly tags: readonly string[];
  readonly series: readonly (readonly [task: TaskId, name: string, width: SeriesWidth])[];
}

export interface RunBlock {
  readonly count: number;
  readonly shapes: readonly RunShape[];
  readonly values: readonly Json[];
  readonly numbers: Float64Array;
}

/** A shape with where in a slice its parts are. */
export class PlacedShape {
  readonly names: RunShape;
  /** Of each series: where its numbers begin. */
  readonly seriesAt: readonly number[];
  /** And where its last value is. */
  readonly lastAt: readonly number[];
  readonly width: number;
  private readonly params: ReadonlyMap<string, number>;
  private readonly taskParams: ReadonlyMap<string, number>;
  private readonly tags: ReadonlyMap<string, number>;

  constructor(names: RunShape) {
    this.names = names;
    let at = headLength;
    const placed = (each: readonly string[]): ReadonlyMap<string, number> => new Map(each.map((name) => [name, at++]));
    this.params = placed(names.params);
    this.taskParams = placed(names.taskParams);
    this.tags = placed(names.tags);
    this.seriesAt = names.series.map(([, , width]) => (at += width) - width);
    this.lastAt = names.series.map(([, , width], index) => (this.seriesAt[index] ?? 0) + (width === 1 ? 0 : 1));
    this.width = at;
  }

  /** Where the value of such a name is; `undefined` where runs of this shape have none. */
  placeOf(kind: 'params' | 'taskParams' | 'tags', name: string): number | undefined {
    return this[kind].get(name);
  }
}

const noShape = new PlacedShape({ params: [], taskParams: [], tags: [], series: [] });

/** A run in a block: reads what it is asked for, and holds nothing. */
export class PackedRun implements RunSummary {
  readonly path: string;
  readonly block: OpenBlock;
  /** Which of the block's runs. */
  readonly run: number;
  /** Where its slice begins. */
  private readonly at: number;

  constructor(block: OpenBlock, run: number, path: string) {
    this.block = block;
    this.run = run;
    this.at = block.offsets[run] ?? 0;
    this.path = path;
  }

  get shape(): PlacedShape {
    return this.block.shapes[this.number(place.shape)] ?? noShape;
  }
  /** By a place in its slice. */
  number(offset: number): number {
    return this.block.numbers[this.at + offset] ?? NaN;
  }
  /** What the number at a place stands for. */
  value(offset: number): Json | undefined {
    return this.block.values[this.number(offset)];
  }
  private text(field: HeadField): string | undefined {
    const value = this.value(place[field]);
    return typeof value === 'string' ? value : undefined;
  }

  get runId(): RunId {
    return (this.text('runId') ?? this.text('key') ?? '') as RunId;
  }
  get traceId(): TraceId {
    return (this.text('traceId') ?? '') as TraceId;
  }
  get pipeline(): string {
    return this.text('pipeline') ?? '';
  }
  /** Unix milliseconds, without fractions. */
  get startTime(): number {
    return this.number(place.start);
  }
  get endTime(): number | undefined {
    const end = this.number(place.end);
    return end === -1 ? undefined : end;
  }
  /** Milliseconds. */
  get duration(): number | undefined {
    const end = this.number(place.end);
    return end === -1 ? undefined : ((end - this.startTime) * 1e6 + this.number(place.endRest) - this.number(place.startRest)) / 1e6;
  }
  get start(): UnixNano {
    return this.time(place.start);
  }
  get end(): UnixNano | undefined {
    return this.number(place.end) === -1 ? undefined : this.time(place.end);
  }
  private time(offset: number): UnixNano {
    const [milliseconds, rest] = [this.number(offset), this.number(offset + 1)];
    return (rest < -1 ? this.block.values[-2 - rest] : joinTime(milliseconds, rest)) as UnixNano;
  }
  get outcome(): Outcome | undefined {
    return this.text('outcome') as Outcome | undefined;
  }
  get interrupted(): boolean {
    return (this.number(place.flags) & flag.interrupted) !== 0;
  }
  get dirty(): boolean | undefined {
    const flags = this.number(place.flags);
    return (flags & flag.dirtyKnown) === 0 ? undefined : (flags & flag.dirty) !== 0;
  }
  get counts(): RunSummary['counts'] {
    return { total: this.number(place.total), executed: this.number(place.executed), succeeded: this.number(place.succeeded), failed: this.number(place.failed), skipped: this.number(place.skipped) };
  }
  get branch(): string | undefined {
    return this.text('branch');
  }
  get commit(): string | undefined {
    return this.text('commit');
  }
  get imported(): string | undefined {
    return this.text('imported');
  }
  get params(): JsonObject {
    return this.named('params');
  }
  get taskParams(): RunSummary['taskParams'] {
    return this.named('taskParams') as RunSummary['taskParams'];
  }
  get tags(): RunSummary['tags'] {
    return this.named('tags') as RunSummary['tags'];
  }
  private named(kind: 'params' | 'taskParams' | 'tags'): Readonly<Record<string, Json>> {
    const { shape } = this;
    return Object.fromEntries(shape.names[kind].map((name) => [name, this.value(shape.placeOf(kind, name) ?? -1) ?? null]));
  }
  get series(): readonly SeriesSummary[] {
    return this.shape.names.series.map((series, at) => this.readSeries(series, at));
  }
  /** One series, by its place in the shape. */
  seriesNumber(index: number): SeriesSummary {
    const series = this.shape.names.series[index];
    if (series === undefined) throw new RangeError(`there is no series ${index}`);
    return this.readSeries(series, index);
  }
  private readSeries([task, name, width]: RunShape['series'][number], index: number): SeriesSummary {
    const at = this.shape.seriesAt[index] ?? 0;
    const last = this.number(this.shape.lastAt[index] ?? 0);
    const metric = Number.isFinite(last) ? last : (String(last) as SeriesSummary['last']);
    const named = { task, name };
    if (width === 1) return fromNumbers(named, [1, metric]);
    const count = this.number(at);
    return width === 2 ? { ...named, count, last: metric } : fromNumbers(named, [count, metric, this.number(at + 2), this.number(at + 3), this.number(at + 4)]);
  }
}

/** A block that is read from. */
export interface OpenBlock {
  readonly shapes: readonly PlacedShape[];
  readonly values: readonly Json[];
  readonly numbers: Float64Array;
  /** Where the slice of each run begins. */
  readonly offsets: Uint32Array;
}

/** `undefined` where its parts do not fit together. */
export function openBlock({ count, shapes, values, numbers }: RunBlock): OpenBlock | undefined {
  const placed = shapes.map((shape) => new PlacedShape(shape));
  const offsets = new Uint32Array(count);
  let at = 0;
  for (let run = 0; run < count; run += 1) {
    offsets[run] = at;
    const shape = placed[numbers[at] ?? -1];
    if (shape === undefined) return undefined;
    at += shape.width;
  }
  return at === numbers.length ? { shapes: placed, values, numbers, offsets } : undefined;
}

/** As it was before it was opened. */
export function blockOf({ shapes, values, numbers, offsets }: OpenBlock): RunBlock {
  return { count: offsets.length, shapes: shapes.map(({ names }) => names), values, numbers };
}

/** The name of a run's file without its ending. */
export function keyIn(block: OpenBlock, run: number): string {
  const key = block.values[block.numbers[(block.offsets[run] ?? 0) + place.key] ?? -1];
  return typeof key === 'string' ? key : '';
}

export function splitTime(time: UnixNano): { readonly milliseconds: number; readonly rest: number; /** It is what these say. */ readonly exact: boolean } {
  const milliseconds = Number(time.slice(0, -6));
  const rest = Number(time.slice(-6));
  return { milliseconds, rest, exact: rest >= 0 && joinTime(milliseconds, rest) === time };
}

function joinTime(milliseconds: number, rest: number): string {
  return milliseconds === 0 ? String(rest) : `${milliseconds}${String(rest).padStart(6, '0')}`;
}

/** A summary as an object of its own, whatever it is read from. */
export function plainSummary(summary: RunSummary): RunSummary {
  const { runId, traceId, path, pipeline, start, end, outcome, interrupted, counts, params, taskParams, series, tags, branch, commit, dirty, imported } = summary;
  return {
    runId,
    traceId,
    path,
    pipeline,
    start,
    ...(end !== undefined && { end }),
    ...(outcome !== undefined && { outcome }),
    interrupted,
    counts,
    params,
    taskParams,
    series,
    tags,
    ...(branch !== undefined && { branch }),
    ...(commit !== undefined && { commit }),
    ...(dirty !== undefined && { dirty }),
    ...(imported !== undefined && { imported }),
  };
}
