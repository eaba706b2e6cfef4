/** Other tools' runs into records of ours: found, converted, their artifacts kept, sealed. */
import { readdir } from 'node:fs/promises';
import { statSync } from 'node:fs';
import path from 'node:path';
import type { FileItem, ImportFormat, ImportProblem, SourceFile } from '../../importers/source.ts';
import { importFiles } from '../../importers/import-files.ts';
import type { EventOf, RunEvent, RunId } from '../../model/run-event.ts';
import { fromMilliseconds, type UnixNano } from '../../model/time.ts';
import { storeArtifact } from '../../recording/artifacts.ts';
import { recordSuffix, runsFolder } from '../../recording/record-path.ts';
import { RecordExistsError, sealRun } from '../../recording/seal.ts';
import { belongings, bringAlong } from './belongings.ts';
import { isLargeOtlp, readLargeOtlp, type StreamedRun } from './large-otlp.ts';
import { importOwnRecord } from './own-record.ts';
import { readSource, type PlacedFolder } from './read-source.ts';

export interface ImportOutcome {
  readonly runId: RunId;
  readonly format: ImportFormat | 'runweave';
  /** As it was named, and where in it. */
  readonly source: string;
  /** Absolute path of the record. */
  readonly record: string;
  readonly tasks: number;
  /** There was a record of it already, which was left as it is. */
  readonly existed: boolean;
}

export interface ImportReport {
  readonly runs: readonly ImportOutcome[];
  readonly problems: readonly ImportProblem[];
  /** It was given up; `runs` are those that were imported before. */
  readonly cancelled?: true;
}

export interface ImportHooks {
  /** Before each of `names`, and with each run that is there. */
  readonly onProgress?: (progress: { readonly done: number; readonly total: number; readonly name: string; readonly runs: number }) => void;
  readonly signal?: AbortSignal;
  /** A folder with more files is refused. */
  readonly mostFiles?: number;
  /** Folders that belong into each of `names`. */
  readonly placed?: readonly PlacedFolder[];
}

/** `store` is `.runweave`; `names` as the user wrote them, relative to `cwd`. Throws only when the store can't be written. */
export async function importRuns(store: string, names: readonly string[], cwd: string, { onProgress, signal, mostFiles, placed }: ImportHooks = {}): Promise<ImportReport> {
  const runs: ImportOutcome[] = [];
  const problems: ImportProblem[] = [];
  const known = await knownRuns(store);
  for (const [done, name] of names.entries()) {
    const absolute = path.resolve(cwd, name);
    const progress = (): void => onProgress?.({ done, total: names.length, name, runs: runs.length });
    try {
      progress();
      signal?.throwIfAborted();
      // What lies beside such a file belongs to it.
      const only = ['dvc.yaml', 'static_data.json'].find((each) => each === path.basename(absolute));
      const source = await readSource(absolute, name, store, mostFiles, placed);
      const files = only === undefined ? source.files : (await readSource(path.dirname(absolute), path.dirname(name), store)).files;
      const written = (path: string): string => asWritten(path, name, absolute);
      const count = runs.length + problems.length;
      const refuse = (refused: readonly ImportProblem[]): void => void problems.push(...refused.map((problem) => ({ ...problem, file: written(problem.file) })));
      const add = (run: ImportOutcome): void => {
        runs.push({ ...run, source: written(run.source) });
        progress();
      };
      problems.push(...source.problems);
      const taken = new Set<SourceFile>();
      for (const file of source.files) {
        signal?.throwIfAborted();
        const own = await importOwnRecord(file, store, signal);
        if (own === undefined) continue;
        taken.add(file);
        if ('message' in own) refuse([own]);
        else {
          add(own);
          for (const beside of belongings(file, source.files)) taken.add(beside);
        }
      }
      refuse(await bringAlong(store, [...taken], signal));
      for (const file of files) {
        if (taken.has(file) || (only !== undefined && !isMeant(file, absolute, only)) || !(await isLargeOtlp(file))) continue;
        taken.add(file);
        const large = await readLargeOtlp(file, signal);
        refuse(large.problems);
        for (const run of large.runs) add(await keep(store, run, known));
      }
      const named = source.files.length === 1;
      const imported = await importFiles(files.filter((file) => !taken.has(file)), { writtenAt, named, ...(only !== undefined && { only: `${path.basename(path.dirname(absolute))}/${only}` }) });
      refuse(imported.problems);
      for (const run of imported.runs) {
        signal?.throwIfAborted();
        add(await keep(store, { ...run, first: run.events[0] }, known));
      }
      if (runs.length + problems.length === count) problems.push({ file: name, message: 'there is nothing in it that can be imported' });
    } catch (error) {
      if (signal?.aborted === true) return { runs, problems, cancelled: true };
      const { code } = error as NodeJS.ErrnoException;
      if (code === 'ENOSPC' || code === 'EROFS' || code === 'EDQUOT') throw error;
      problems.push({ file: name, message: (error as Error).message });
    }
  }
  return { runs, problems };
}

function isMeant(file: SourceFile, absolute: string, only: string): boolean {
  return file.path === `${path.basename(path.dirname(absolute))}/${only}`;
}

/** `site/static_data.json` for what is `static_data.json` in `site`: the way from where the user is. */
function asWritten(inside: string, name: string, absolute: string): string {
  const beside = `${path.basename(path.dirname(absolute))}/${path.basename(absolute)}`;
  const base = [beside, path.basename(absolute), path.basename(absolute).replace(/\.zip$/i, '')].find((each) => inside === each || inside.startsWith(`${each}/`));
  return base === undefined ? inside : name.replace(/[/\\]+$/, '') + inside.slice(base.length);
}

/** End of a run's id → the id: what was imported before has the same, whatever time a format without times gave it. */
async function knownRuns(store: string): Promise<Map<string, string>> {
  const names = await readdir(runsFolder(store)).catch(() => []);
  return new Map(names.filter((name) => name.endsWith(recordSuffix)).map((name) => name.slice(0, -recordSuffix.length)).map((id) => [id.slice(id.lastIndexOf('-') + 1), id]));
}

async function keep(store: string, { format, source, key, first: started, events: told }: StreamedRun, known: Map<string, string>): Promise<ImportOutcome> {
  if (started?.type !== 'run-started') throw new Error('an importer told of no run');
  const outcome = { format, source, tasks: started.tasks.length };
  const earlier = known.get(key);
  if (earlier !== undefined) return { ...outcome, runId: earlier as RunId, record: path.resolve(runsFolder(store), earlier + recordSuffix), existed: true };
  const kept: RunEvent[] = [];
  if (typeof told !== 'function') for (const event of told) kept.push(event.type === 'file' ? await artifact(store, event) : event);
  known.set(key, started.runId);
  try {
    return { ...outcome, runId: started.runId, record: await sealRun(store, typeof told === 'function' ? told : kept), existed: false };
  } catch (error) {
    if (!(error instanceof RecordExistsError)) throw error;
    return { ...outcome, runId: started.runId, record: error.record, existed: true };
  }
}

async function artifact(store: string, { time, task, attempt, name, content }: FileItem): Promise<EventOf<'artifact'> | EventOf<'tag'>> {
  try {
    const bytes = content instanceof Uint8Array ? content : content.disk !== undefined ? { path: content.disk } : await content.read();
    return { type: 'artifact', time, task, attempt, ...(await storeArtifact(store, bytes, { name })) };
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOSPC' || code === 'EROFS' || code === 'EDQUOT') throw error;
    return { type: 'tag', time, task, attempt, name: `artifact ${name}`, value: `not kept: ${(error as Error).message}` };
  }
}

function writtenAt(file: SourceFile): UnixNano {
  return fromMilliseconds(file.disk === undefined ? 0 : statSync(file.disk).mtimeMs);
}
