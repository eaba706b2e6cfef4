/**
 * `gc`: removes what nobody needs. Kept outputs past the limit, artifacts that no record names, what killed processes
 * left in `cache/`, records that were deleted and files that were set aside more than 30 days ago, and, where that is
 * asked for, old records.
 *
 * Readers need no lock: what they have open stays readable, and what is gone is shown as gone. Writers do: nothing is
 * removed while a process holds any pipeline of the folder. The references of all records are read before the first
 * artifact is removed, and a record that can't be read keeps them all.
 */
import { createReadStream, readdirSync, rmSync, statSync, type Stats } from 'node:fs';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { artifactDigest, pipelineFileDigest, taskSources, vcsChanges } from '../model/semantic-conventions.ts';
import { processExists } from '../execution/backend/descendants.ts';
import { allEntries } from '../fingerprint/kept-entries.ts';
import { keptFolder } from '../fingerprint/kept-folder.ts';
import { shrinkKept } from '../fingerprint/kept-results.ts';
import { openResults, readResults } from '../fingerprint/results.ts';
import { replacedFolder, setAsideFolder } from '../fingerprint/set-aside.ts';
import { indexAnnotations } from '../query/annotations.ts';
import { readAnnotations } from '../store/annotations.ts';
import { latestMakers } from '../store/latest-results.ts';
import { runFiles } from '../store/run-files.ts';
import { deletionTime, trashFolder } from '../store/trash.ts';
import { acquireLock, heldLocks, isDiskFull, type LockHolder, type LockResult } from './lock.ts';
import { resultsFileOf } from './task-memory.ts';

export interface GarbageOptions {
  /** `.runweave`. */
  readonly store: string;
  /** Bytes of kept outputs. */
  readonly limit: number;
  /** Of the records, the newest are kept; all without either. */
  readonly keepRuns?: number | undefined;
  /** Records of runs that were started earlier go: Unix milliseconds. */
  readonly olderThan?: number | undefined;
  readonly dryRun: boolean;
}

export interface Removed {
  readonly count: number;
  readonly bytes: number;
}

export interface Garbage {
  readonly type: 'collected';
  readonly dryRun: boolean;
  readonly records: Removed;
  /** Old records that stay: of runs with a star or a tag, or that made what tasks have now. */
  readonly spared: number;
  readonly artifacts: Removed;
  /** Results that can't be restored any more; the bytes of their outputs as well. */
  readonly kept: Removed;
  /** Bytes of outputs that stay to be restored. */
  readonly left: number;
  readonly leftovers: Removed;
  readonly bytes: number;
}

/** `refused`: by the disk, or what is no lock is in the place of one. */
type NotFree = { readonly type: 'held'; readonly holder: LockHolder; readonly file: string } | { readonly type: 'refused'; readonly message: string };
export type GarbageResult = Garbage | NotFree;

/** A file of the cache is written in less, in milliseconds. */
const longestWrite = 60_000;

/** Milliseconds for which a deleted record can be put back, and a file that was set aside be taken. */
const trashAge = 30 * 86_400_000;

/** The lock's name: no pipeline file has it. */
const ownLock = '.gc';

export async function collectGarbage(options: GarbageOptions): Promise<GarbageResult> {
  const { store, dryRun } = options;
  const lock = lockAll(store, dryRun);
  if (lock.type !== 'free') return lock;
  try {
    const began = Date.now();
    const remove = (file: string): { readonly count: 1 } => {
      if (!dryRun) rmSync(file, { recursive: true, force: true });
      return { count: 1 };
    };
    const runs = await runFiles(store);
    const aged = oldRecords(runs.filter((run) => !run.live).map((run) => run.path), options);
    const spared = aged.length === 0 ? new Set<string>() : await sparedRuns(store);
    const old = new Set(aged.filter((file) => !spared.has(runIdOf(file))));
    const records = sum([...old].map((file) => ({ bytes: statSync(file).size, ...remove(file) })));
    const deletions = entriesIn(trashFolder(store)).map(({ file, stats }) => ({ file, stats, isOld: (deletionTime(file) ?? Infinity) < began - trashAge }));
    const aside = [...entriesIn(setAsideFolder(store)).filter(({ file }) => (startOf(file) ?? Infinity) < began - trashAge), ...filesBelow(replacedFolder(store)).filter(({ stats }) => stats.ctimeMs < began - trashAge)];
    const shrunk = shrinkKept(keptFolder(store), options.limit, dryRun);
    const deleted = deletions.filter(({ isOld }) => !isOld).flatMap(({ file }) => entriesIn(file).map((record) => record.file));
    const referring = [...runs.map((run) => run.path).filter((file) => !old.has(file)), ...deleted, ...resultFiles(store)];
    const artifacts = await collectArtifacts(path.join(store, 'objects', 'sha256'), referring, began, remove);
    const kept = { count: shrunk.entries, bytes: shrunk.freed };
    const left = [...[path.join(keptFolder(store), 'staging'), path.join(store, 'cache', 'attempts')].flatMap(entriesIn), ...unfinished(store), ...aside, ...deletions.filter(({ isOld }) => isOld)];
    const leftovers = sum(left.map(({ file, stats }) => ({ bytes: sizeOf(file, stats), ...remove(file) })));
    return { type: 'collected', dryRun, records, spared: new Set(aged).size - old.size, artifacts, kept, left: shrunk.left, leftovers, bytes: records.bytes + artifacts.bytes + kept.bytes + leftovers.bytes };
  } catch (error) {
    if (isDiskFull(error)) return refusal(store, error);
    throw error;
  } finally {
    lock.release();
  }
}

/** From then on, no process holds a pipeline of the folder. */
function lockAll(store: string, dryRun: boolean): NotFree | { readonly type: 'free'; readonly release: () => void } {
  let release = (): void => undefined;
  try {
    const lock = takeOwnLock(store, dryRun);
    if (!lock.ok) return { type: 'held', holder: lock.holder, file: lock.file };
    ({ release } = lock);
    const held = heldLocks(store).find((other) => path.basename(other.file) !== `${ownLock}.lock`);
    if (held === undefined) return { type: 'free', release };
    release();
    return { type: 'held', ...held };
  } catch (error) {
    release();
    return refusal(store, error);
  }
}

function refusal(store: string, error: unknown): NotFree {
  const advice = isDiskFull(error) ? `. All of ${path.join(store, 'cache')} may be deleted: it is made again when it is needed` : '';
  return { type: 'refused', message: `${store} cannot be written: ${(error as Error).message}${advice}` };
}

/** Of the cache, what is made again without anybody noticing, the least work first. */
const remade = [/^runs\.index$/, /^pipeline-.*\.json$/, /^decisions-.*\.json$/, /^digests\.json$/];

/** A full disk has no room for the lock, so that files of the cache that nobody misses give way to it. */
function takeOwnLock(store: string, dryRun: boolean): LockResult {
  const spare = remade.flatMap((name) => entriesIn(path.join(store, 'cache')).filter(({ file }) => name.test(path.basename(file))));
  for (;;) {
    try {
      return acquireLock(store, ownLock, 'gc');
    } catch (error) {
      if (!isDiskFull(error)) throw error;
      if (dryRun) return { ok: true, release: () => undefined };
      const next = spare.shift();
      if (next === undefined) throw error;
      rmSync(next.file, { force: true });
    }
  }
}

/** `records` newest first, as run ids sort by time. */
function oldRecords(records: readonly string[], { keepRuns, olderThan }: GarbageOptions): readonly string[] {
  const many = keepRuns === undefined ? [] : records.slice(keepRuns);
  const old = olderThan === undefined ? [] : records.filter((file) => (startOf(file) ?? Infinity) < olderThan);
  return [...many, ...old];
}

/** What people marked, and what the outputs that are there can be traced to. */
async function sparedRuns(store: string): Promise<ReadonlySet<string>> {
  const annotations = await readAnnotations(store);
  const { ofRun } = indexAnnotations(annotations);
  const marked = annotations.map(({ target }) => target.runId).filter((runId) => ofRun(runId).star || ofRun(runId).tags.length > 0);
  const known = new Set<string>();
  const makers = lastResultFiles(store).flatMap((file) => {
    const ofFile = readResults(file);
    if (ofFile === undefined) return [];
    known.add(file);
    const results = openResults(file, ofFile);
    return [...ofFile.keys()].flatMap((task) => results.get(task)?.runId ?? []);
  });
  // Where the cache is gone, the records say the same.
  const recorded = await latestMakers(store, (pipelineFile) => !known.has(resultsFileOf(store, pipelineFile)));
  return new Set([...marked, ...makers, ...recorded]);
}

function runIdOf(record: string): string {
  return path.basename(record).replace(/\.otlp\.jsonl?$/, '');
}

/** Of `20261120T224011Z-digits-3f2a.otlp.jsonl`; `undefined` for a file of another name, which is no run of ours. */
function startOf(file: string): number | undefined {
  const match = /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z-/.exec(path.basename(file));
  if (match === null) return undefined;
  const [, year, month, day, hour, minute, second] = match;
  return Date.parse(`${year}-${month}-${day}T${hour}:${minute}:${second}Z`);
}

/**
 * Files that a process was writing, under their temporary names: `digests.json.PID.tmp` in `cache/`, and of a lock
 * `runweave.yaml.lock.PID-…` in `live/`. Editors of this machine write the cache without a lock: those of processes that
 * are there stay. A process of another machine that shares the folder can't be looked at, so only what is older than
 * any write lasts goes.
 */
function unfinished(store: string): readonly { readonly file: string; readonly stats: Stats }[] {
  const before = Date.now() - longestWrite;
  const of = (folder: string, pattern: RegExp): readonly { readonly file: string; readonly stats: Stats }[] =>
    entriesIn(path.join(store, folder)).filter(({ file, stats }) => {
      const pid = pattern.exec(path.basename(file))?.[1];
      return pid !== undefined && stats.isFile() && stats.mtimeMs < before && !processExists(Number(pid));
    });
  return [...of('cache', /\.(\d+)\.tmp$/), ...of('live', /\.lock\.(\d+)(?:-.*|\.stale)?$/)];
}

function lastResultFiles(store: string): readonly string[] {
  return entriesIn(path.join(store, 'cache')).flatMap(({ file }) => (/^results-.*\.jsonl$/.test(path.basename(file)) ? [file] : []));
}

/** Files that say what tasks returned last, and what they can have again: objects of Python are among it. */
function resultFiles(store: string): readonly string[] {
  return [...lastResultFiles(store), ...new Set(allEntries(keptFolder(store)).map((found) => found.file))];
}

async function collectArtifacts(objects: string, records: readonly string[], began: number, remove: (file: string) => { readonly count: 1 }): Promise<Removed> {
  const stored = entriesIn(objects).flatMap(({ file }) => entriesIn(file).map((object) => ({ ...object, digest: `${path.basename(file)}${path.basename(object.file)}` })));
  const temporary = entriesIn(objects).filter(({ file, stats }) => stats.isFile() && file.endsWith('.tmp'));
  const removed = temporary.map(({ file, stats }): Removed => ({ bytes: stats.size, ...remove(file) }));
  if (stored.length > 0) {
    const wanted = new Set<string>();
    for (const record of records) await addReferences(record, wanted);
    for (const { file, stats, digest } of stored) {
      // Who imports touches what it finds; it takes no lock.
      const isOld = (statSync(file, { throwIfNoEntry: false })?.mtimeMs ?? Infinity) < began;
      if (!wanted.has(digest) && isOld) removed.push({ bytes: stats.size, ...remove(file) });
    }
  }
  return sum(removed);
}

/**
 * Digests of artifacts, sources and diffs, wherever they stand in a line: by the attribute's name in a record, by the
 * event's type in a log. More is found than there is rather than less, as text that a task printed may look the same.
 */
async function addReferences(file: string, wanted: Set<string>): Promise<void> {
  const names = [artifactDigest, pipelineFileDigest, vcsChanges, taskSources].map((name) => name.replaceAll('.', '\\.')).join('|');
  const attribute = new RegExp(`"(?:${names})"\\s*,\\s*"value"\\s*:\\s*\\{\\s*"stringValue"\\s*:\\s*"((?:[^"\\\\]|\\\\.)*)"|"digest"\\s*:\\s*"(sha256:[0-9a-f]{64})"`, 'g');
  const isOfLog = /^\{(?:"time":"\d+",)?"type":"(?:sources|run-context)"/;
  for await (const line of createInterface({ input: createReadStream(file), crlfDelay: Infinity })) {
    const texts = isOfLog.test(line) ? [line] : Array.from(line.matchAll(attribute), (match) => match[1] ?? match[2] ?? '');
    for (const text of texts) for (const match of text.matchAll(/sha256:([0-9a-f]{64})/g)) wanted.add(match[1] ?? '');
  }
}

function entriesIn(folder: string): readonly { readonly file: string; readonly stats: Stats }[] {
  let names: readonly string[];
  try {
    names = readdirSync(folder);
  } catch {
    return [];
  }
  return names.flatMap((name) => {
    const file = path.join(folder, name);
    const stats = statSync(file, { throwIfNoEntry: false });
    return stats === undefined ? [] : [{ file, stats }];
  });
}

/** At any depth. (A file gets another ctime with another name.) */
function filesBelow(folder: string): readonly { readonly file: string; readonly stats: Stats }[] {
  return entriesIn(folder).flatMap((each) => (each.stats.isDirectory() ? filesBelow(each.file) : [each]));
}

function sizeOf(file: string, stats: Stats): number {
  return stats.isDirectory() ? entriesIn(file).reduce((bytes, entry) => bytes + sizeOf(entry.file, entry.stats), 0) : stats.size;
}

function sum(removed: readonly Removed[]): Removed {
  return { count: removed.reduce((count, each) => count + each.count, 0), bytes: removed.reduce((bytes, each) => bytes + each.bytes, 0) };
}
