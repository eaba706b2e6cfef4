/**
 * Remembered decisions as JSON, for the next process: of thousands of tasks they are read before anything is done, so
 * numbers are bytes, and each file and run is named once. Paths are relative to the pipeline's folder.
 */
import path from 'node:path';
import type { Pipeline, Task, TaskId } from '../model/pipeline.ts';
import type { RunId, SpanId, SpanReference, TraceId } from '../model/run-event.ts';
import { isSame, type Stamp } from './file-stamp.ts';

const version = 2;

export interface SavedDecisions {
  readonly version: number;
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

export function packDecisions(decisions: Iterable<KnownDecision>, folder: string): SavedDecisions {
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
    files: [...places.keys()].map((file) => path.relative(folder, file)),
    stamps: base64(Float64Array.from(stamps.flatMap((stamp) => stamp ?? noFile))),
    tasks,
    uses: base64(Uint32Array.from(uses)),
    runs: [...runs.values()].map(([, runId, traceId]) => [runId, traceId]),
    makers,
  };
}

/** Of the tasks that the pipeline has still. Of what another version wrote, or what is damaged, nothing. */
export function unpackDecisions(saved: SavedDecisions, { folder, tasks }: Pick<Pipeline, 'folder' | 'tasks'>): readonly KnownDecision[] {
  const { files: names, runs, makers } = saved;
  if (saved.version !== version) return [];
  const numbers = new Float64Array(bytesOf(saved.stamps));
  const uses = new Uint32Array(bytesOf(saved.uses));
  if (numbers.length !== 4 * names.length || makers.length !== saved.tasks.length) return [];
  const files = names.map((name) => (name.startsWith('..') || path.isAbsolute(name) ? path.resolve(folder, name) : folder + path.sep + name));
  const stamps = names.map((_, place) => stampAt(numbers, 4 * place));
  const byId = new Map(tasks.map((task) => [task.id, task]));
  const known: KnownDecision[] = [];
  let at = 0;
  for (let index = 0; index < makers.length; index += 1) {
    const used: string[] = [];
    const stampsOfTask: Stamp[] = [];
    const end = at + 1 + (uses[at] ?? 0);
    for (at += 1; at < end; at += 1) {
      const place = uses[at] ?? -1;
      const file = files[place];
      const stamp = stamps[place];
      if (file === undefined || stamp === undefined) return [];
      used.push(file);
      stampsOfTask.push(stamp);
    }
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

/** Memory of their own: numbers must not begin at any byte. */
function bytesOf(text: string): ArrayBuffer {
  const bytes = Buffer.from(text, 'base64');
  return bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength);
}
