/**
 * Makes the record of a run: `.runweave/runs/<run-id>.otlp.jsonl`, OTLP JSON Lines as the OTLP File Exporter writes it.
 *
 * Constraints: a record is never seen half written and never written again, also when two processes seal the same run
 * or the machine stops in between. So it is written to a name that nothing lists, flushed to disk, and given its name
 * by a hard link, which fails where there is one already; then the folder is flushed. Only then is the event log
 * removed.
 * Line 1 holds the run span and all task spans; each further line holds about 100 of the other spans, or fewer that are long.
 */
import { link, mkdir, open, readdir, readFile, rename, rm, stat } from 'node:fs/promises';
import path from 'node:path';
import { shownSpans } from '../model/reported.ts';
import type { RunEvent, RunId } from '../model/run-event.ts';
import type { RunState } from '../model/run-state.ts';
import type { UnixNano } from '../model/time.ts';
import type { RunResult } from '../protocol/session.ts';
import { flushLater, flushObjects } from './artifacts.ts';
import { eventsOfLog, isRunId, liveFolder, reservePath } from './event-log.ts';
import { flush } from './flush.ts';
import { interruption } from './interruption.ts';
import { recordPath, runsFolder } from './record-path.ts';
import { createRunCollector } from './run-to-spans.ts';
import type { RunCollector } from './run-to-spans.ts';
import { lineLimit } from './read-lines.ts';
import type { AddText } from './span-json.ts';
import { createSpanSerializer } from './spans.ts';
import type { SpanDescription } from './spans.ts';
import { writerIsAlive } from './writer.ts';

const spansPerLine = 100;
/** Fewer spans, where they are as long as this together. */
const charactersPerLine = 16 * 1024 * 1024;
const bytesAtOnce = 512 * 1024;
/** Some twenty spans of tasks. */
const charactersAtOnce = 32 * 1024;
/** Of a character of JavaScript in UTF-8. */
const mostBytes = 3;

/** There is a record of that run; it was left as it is, and so was the event log. */
export class RecordExistsError extends Error {
  readonly record: string;
  constructor(record: string) {
    super(`there is a record of this run already: ${record}`);
    this.record = record;
  }
}

/**
 * Seals the run that `events`, or the event log at that path, tell of; returns the record's absolute path. Events that
 * come one by one are asked for twice. `folder` is
 * `.runweave`. Throws, and leaves the event log, when the disk refuses, when the events are none of a run, and when
 * there is a record already (`RecordExistsError`).
 */
export async function sealRun(folder: string, events: readonly RunEvent[] | string | (() => AsyncIterable<RunEvent>)): Promise<string> {
  const collector = createRunCollector();
  const again = (): Iterable<RunEvent> | AsyncIterable<RunEvent> => (typeof events === 'string' ? eventsOfLog(events) : typeof events === 'function' ? events() : events);
  let time: UnixNano | undefined;
  for await (const event of again()) {
    collector.apply(event);
    ({ time } = event);
  }
  const state = collector.state();
  // Its log was given up on a full disk, before its end.
  if (typeof events === 'string' && state !== undefined && time !== undefined) for (const event of interruption(state, time)) collector.apply(event);
  return sealCollected(folder, collector, again);
}

/**
 * Seals the runs whose event log was left by a process that is gone: what was running counts as interrupted. A log
 * that can't be read is kept beside the others as `<name>.unreadable`. `untold`: warnings that it did not come to.
 */
export async function recoverRuns(
  folder: string,
  isAlive: (log: string) => boolean = writerIsAlive,
  onError: (error: unknown) => void = () => undefined,
  untold: (state: RunState) => readonly string[] = () => [],
): Promise<readonly RunResult[]> {
  const results: RunResult[] = [];
  for (const log of await logsIn(liveFolder(folder))) {
    if (isAlive(log)) continue;
    // What can't be done with one (no room, no right) is tried again at the next start, and keeps the others from nothing.
    try {
      const result = await recoverRun(folder, log, untold);
      if (result !== undefined) results.push(result);
    } catch (error) {
      onError(error);
    }
  }
  return results;
}

async function recoverRun(folder: string, log: string, untold: (state: RunState) => readonly string[]): Promise<RunResult | undefined> {
  await rm(reservePath(log), { force: true });
  const collector = createRunCollector();
  let last: RunEvent | undefined;
  try {
    for await (const event of eventsOfLog(log)) {
      collector.apply(event);
      if (event.type === 'artifact' || event.type === 'sources' || event.type === 'run-context') flushLater(folder, JSON.stringify({ ...event, content: undefined }));
      last = event;
    }
  } catch {
    // What was read before the damage is not lost either: the whole log is kept.
    await setAside(log);
    return undefined;
  }
  const state = collector.state();
  if (state === undefined || last === undefined || !isRunId(state.runId)) {
    if (await hasNotBegun(log)) {
      // Of a run that started nothing, and was sealed from memory.
      await removeTemporaries(runsFolder(folder), path.basename(log, '.jsonl') as RunId);
      await rm(log, { force: true });
    } else await setAside(log);
    return undefined;
  }
  const { time } = last;
  const warnings = untold(state).map((message): RunEvent => ({ type: 'warning', time, message }));
  for (const event of [...warnings, ...interruption(state, time)]) collector.apply(event);
  const outcome = state.outcome ?? 'error';
  try {
    return { runId: state.runId, outcome, record: await sealCollected(folder, collector, () => eventsOfLog(log)) };
  } catch (error) {
    // Any other error: no room on the disk, and the log stays for the next start.
    if (!(error instanceof RecordExistsError)) return undefined;
    // The process died between the record and the removal of its log, perhaps before the name was on the disk for good.
    await flush(runsFolder(folder));
    await removeTemporaries(runsFolder(folder), state.runId);
    await rm(log, { force: true });
    return { runId: state.runId, outcome, record: error.record };
  }
}

async function logsIn(live: string): Promise<readonly string[]> {
  try {
    const names = await readdir(live);
    return names.filter((name) => name.endsWith('.jsonl')).sort().map((name) => path.join(live, name));
  } catch {
    return [];
  }
}

/** The process died before the first event, which is written before anything is started: there is nothing to tell of. */
async function hasNotBegun(log: string): Promise<boolean> {
  const text = await readFile(log, 'utf8');
  return text === '' || (text.startsWith('{"type":"writer"') && text.indexOf('\n') === text.length - 1);
}

async function setAside(log: string): Promise<void> {
  for (let number = 1; ; number += 1) {
    const aside = `${log}.unreadable${number === 1 ? '' : `-${number}`}`;
    if (await exists(aside)) continue;
    await rename(log, aside);
    return;
  }
}

/** As `sealRun`, of events that were collected while they happened; `again` gives those of reported spans once more. */
export async function sealCollected(folder: string, collector: RunCollector, again: () => Iterable<RunEvent> | AsyncIterable<RunEvent>): Promise<string> {
  const state = collector.state();
  if (state === undefined || !isRunId(state.runId)) throw new Error('there is no run-started among the events');
  const record = path.resolve(recordPath(folder, state.runId));
  if (await exists(record)) throw new RecordExistsError(record);
  const made = await mkdir(path.dirname(record), { recursive: true });
  if (made !== undefined) for (const each of [folder, path.dirname(path.resolve(folder))]) await flush(each);
  const temporary = path.join(path.dirname(record), `${temporaryPrefix(state.runId)}${process.pid}.tmp`);
  try {
    await writeLines(temporary, (add) => linesOf(collector, again, add));
    // What it refers to comes first.
    await flushObjects(folder);
    if (!(await publish(temporary, record))) throw new RecordExistsError(record);
  } finally {
    await rm(temporary, { force: true });
  }
  // The log last: while it is there, the next start looks after what else is left.
  await removeTemporaries(path.dirname(record), state.runId);
  await rm(path.join(liveFolder(folder), `${state.runId}.jsonl`), { force: true });
  return record;
}

function temporaryPrefix(runId: RunId): string {
  return `.${runId}.`;
}

/** What a process that was killed while it sealed this run has left. */
async function removeTemporaries(runs: string, runId: RunId): Promise<void> {
  const names = (await readdir(runs).catch(() => [])).filter((name) => name.startsWith(temporaryPrefix(runId)) && name.endsWith('.tmp'));
  for (const name of names) await rm(path.join(runs, name), { force: true });
}

/** Each line adds itself in steps, after which what is full can be written; the end of a line is left to who asks. */
async function* linesOf(collector: RunCollector, again: () => Iterable<RunEvent> | AsyncIterable<RunEvent>, add: AddText): AsyncGenerator<Iterable<undefined>> {
  const state = collector.state();
  if (state === undefined) return;
  const { serialize, write } = createSpanSerializer(state.traceId, state.resource);
  const { run, tasks } = collector.head();
  yield write(add, run, tasks);
  function* lineOf(chunk: readonly SpanDescription[]): Generator<undefined> {
    const [first, ...others] = chunk;
    // Spans of tasks' own programs are few, or written but once, and hold no output.
    if (chunk.some(({ scope }) => scope !== undefined)) add(serialize(chunk));
    else if (first !== undefined) yield* write(add, first, others);
  }
  let chunk: SpanDescription[] = [];
  let characters = 0;
  for await (const { span, endsLine } of spansOf(collector, again)) {
    chunk.push(span);
    characters += charactersOf(span);
    if (chunk.length < spansPerLine && characters < charactersPerLine && !endsLine) continue;
    yield lineOf(chunk);
    chunk = [];
    characters = 0;
  }
  if (chunk.length > 0) yield lineOf(chunk);
}

/** About: of its texts, as nothing else is long. */
function charactersOf({ attributes, events = [] }: SpanDescription): number {
  let sum = 0;
  for (const each of [attributes, ...events.map((event) => event.attributes)]) {
    for (const name in each) {
      const value = each[name];
      if (typeof value === 'string') sum += value.length;
    }
  }
  return sum;
}

async function* spansOf(collector: RunCollector, again: () => Iterable<RunEvent> | AsyncIterable<RunEvent>): AsyncGenerator<{ readonly span: SpanDescription; readonly endsLine: boolean }> {
  for (const span of collector.rest()) yield { span, endsLine: false };
  if (!collector.hasReported()) return;
  const counts = new Map<string, number>();
  for await (const event of again()) {
    if (event.type !== 'span') continue;
    const key = `${event.attempt} ${event.task}`;
    const count = (counts.get(key) ?? 0) + 1;
    counts.set(key, count);
    // Within a line, spans are grouped by their scope: what is shown of an attempt must not depend on it.
    yield { span: collector.reported(event), endsLine: count === shownSpans };
  }
}

/** What was added is written behind, so that more can be added meanwhile. Throws for a line that nobody could read. */
async function writeLines(file: string, lines: (add: AddText) => AsyncIterable<Iterable<undefined>>): Promise<void> {
  const handle = await open(file, 'w');
  let buffer = Buffer.allocUnsafeSlow(bytesAtOnce);
  let filled = 0;
  const full: Buffer[] = [];
  /** Of the line. */
  let bytes = 0;
  const put = (text: string): void => {
    const most = mostBytes * text.length;
    if (filled > 0 && filled + most > buffer.length) {
      full.push(buffer.subarray(0, filled));
      buffer = Buffer.allocUnsafeSlow(bytesAtOnce);
      filled = 0;
    }
    if (most > buffer.length) {
      const alone = Buffer.from(text);
      full.push(alone);
      bytes += alone.length;
    } else {
      const count = buffer.write(text, filled);
      filled += count;
      bytes += count;
    }
    if (bytes > lineLimit) throw new Error('a line of it would be longer than 256 MiB, which is more than can be read again');
  };
  /** What was added last: to put each of many short texts takes longer than to join them before. */
  const pieces: string[] = [];
  let count = 0;
  let length = 0;
  const join = (): void => {
    pieces.length = count;
    count = 0;
    length = 0;
    put(pieces.join(''));
  };
  const add = (piece: string): void => {
    if (piece.length >= charactersAtOnce) {
      join();
      put(piece);
      return;
    }
    pieces[count] = piece;
    count += 1;
    length += piece.length;
    if (length >= charactersAtOnce) join();
  };
  let written: Promise<void> = Promise.resolve();
  const writeFull = async (): Promise<void> => {
    for (const next of full.splice(0)) {
      await written;
      written = handle.writeFile(next);
      // What went wrong is told where it is waited for.
      written.catch(() => undefined);
    }
  };
  try {
    for await (const line of lines(add)) {
      for (const _ of line) if (full.length > 0) await writeFull();
      join();
      put('\n');
      bytes = 0;
      await writeFull();
    }
    full.push(buffer.subarray(0, filled));
    await writeFull();
    await written;
    await handle.sync();
  } finally {
    await written.catch(() => undefined);
    await handle.close();
  }
}

/** Gives the finished file its name unless there is one of that name. */
async function publish(temporary: string, record: string): Promise<boolean> {
  try {
    await link(temporary, record);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    // A file system without hard links.
    if (await exists(record)) return false;
    await rename(temporary, record);
  }
  await flush(path.dirname(record));
  return true;
}

async function exists(file: string): Promise<boolean> {
  return stat(file).then(
    () => true,
    () => false,
  );
}
