/**
 * Remembered decisions as JSON, for the next process: of thousands of tasks they are read before anything is done, so
 * numbers are bytes, each file and run is named once, and paths are as they are asked for.
 */
import type { Pipeline, Task, TaskId } from '../model/pipeline.ts';
import type { RunId, SpanId, SpanReference, TraceId } from '../model/run-event.ts';
import { isSame, type Stamp } from './file-stamp.ts';

const version = 2;

export interface SavedDecisions {
  readonly version: number;
  /** Absolute. */
  readonly files: readonly string[];
  /** Base64 of float64, in the machine's order: four a file; not numbers where there is none. */
  readonly stamps: string;
  readonly tasks: readonly TaskId[];
  /** Base64 of uint32: of each task, how many files it uses, and their places in `files`. */
  readonly uses: string;
  readonly runs: readonly (readonly [RunId, TraceId])[];
  /** What made the outputs of each task: the place of the run in `runs`, and the span. */
  readonly makers: readonly (readonly [number, SpanId])[];
}

export interface KnownDecision {
  readonly task: Task;
  /** Absolute. */
  readonly files: readonly string[];
  readonly stamps: readonly Stamp[];
  readonly madeBy: SpanReference;
}

const noFile: readonly number[] = [NaN, NaN, NaN, NaN];

export function packDecisions(decisions: Iterable<KnownDecision>): SavedDecisions {
  const places = new Map<string, number>();
  const stamps: Stamp[] = [];
  const tasks: TaskId[] = [];
  const uses: number[] = [];
  const runs = new Map<string, readonly [place: number, RunId, TraceId]>();
  const makers: (readonly [number, SpanId])[] = [];
  for (const { task, files, stamps: own, madeBy: { runId, traceId, spanId } } of decisions) {
    // Of a file that two tasks remember in two states, one of them is not up to date any more.
    if (files.some((file, at) => places.has(file) && !isSame(stamps[places.get(file) ?? 0], own[at]))) continue;
    tasks.push(task.id);
    uses.push(files.length);
    for (const [at, file] of files.entries()) {
      let place = places.get(file);
      if (place === undefined) {
        places.set(file, (place = stamps.length));
        stamps.push(own[at] ?? null);
      }
      uses.push(place);
    }
    const run = runs.get(`${runId} ${traceId}`) ?? [runs.size, runId, traceId];
    runs.set(`${runId} ${traceId}`, run);
    makers.push([run[0], spanId]);
  }
  return {
    version,
    files: [...places.keys()],
    stamps: base64(Float64Array.from(stamps.flatMap((stamp) => stamp ?? noFile))),
    tasks,
    uses: base64(Uint32Array.from(uses)),
    runs: [...runs.values()].map(([, runId, traceId]) => [runId, traceId]),
    makers,
  };
}

/** Of the tasks that the pipeline has still. Of what another version wrote, or what is damaged, nothing. */
export function unpackDecisions(saved: SavedDecisions, pipeline: Pick<Pipeline, 'tasks'>): readonly KnownDecision[] {
  try {
    return unpack(saved, pipeline);
  } catch {
    // Parts of it are not there, or are something else.
    return [];
  }
}

function unpack(saved: SavedDecisions, { tasks }: Pick<Pipeline, 'tasks'>): readonly KnownDecision[] {
  const { files, runs, makers } = saved;
  if (saved.version !== version) return [];
  const numbers = new Float64Array(bytesOf(saved.stamps, 8));
  const uses = new Uint32Array(bytesOf(saved.uses, 4));
  if (numbers.length !== 4 * files.length || makers.length !== saved.tasks.length) return [];
  const stamps = files.map((_, place) => stampAt(numbers, 4 * place));
  const byId = new Map(tasks.map((task) => [task.id, task]));
  const known: KnownDecision[] = [];
  let at = 0;
  for (let index = 0; index < makers.length; index += 1) {
    const count = uses[at] ?? 0;
    if (at + count >= uses.length) return [];
    const used = new Array<string>(count);
    const stampsOfTask = new Array<Stamp>(count);
    for (let use = 0; use < count; use += 1) {
      const place = uses[at + 1 + use] ?? -1;
      const file = files[place];
      const stamp = stamps[place];
      if (file === undefined || stamp === undefined) return [];
      used[use] = file;
      stampsOfTask[use] = stamp;
    }
    at += 1 + count;
    const maker = makers[index];
    const run = runs[maker?.[0] ?? -1];
    const id = saved.tasks[index];
    const task = id === undefined ? undefined : byId.get(id);
    if (maker === undefined || run === undefined) return [];
    if (task !== undefined) known.push({ task, files: used, stamps: stampsOfTask, madeBy: { runId: run[0], traceId: run[1], spanId: maker[1] } });
  }
  return known;
}

function stampAt(numbers: Float64Array, at: number): Stamp {
  const size = numbers[at] ?? NaN;
  return Number.isNaN(size) ? null : [size, numbers[at + 1] ?? NaN, numbers[at + 2] ?? NaN, numbers[at + 3] ?? NaN];
}

function base64({ buffer, byteOffset, byteLength }: Float64Array | Uint32Array): string {
  return Buffer.from(buffer, byteOffset, byteLength).toString('base64');
}

/** Whole numbers of so many bytes, in memory of their own, as they must not begin at any byte. */
function bytesOf(text: string, each: number): ArrayBuffer {
  const { buffer, byteOffset, byteLength } = Buffer.from(text, 'base64');
  return buffer.slice(byteOffset, byteOffset + byteLength - (byteLength % each));
}
