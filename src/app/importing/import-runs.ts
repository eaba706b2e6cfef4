/** Other tools' runs into records of ours: found, converted, their artifacts kept, sealed. */
import { readdir } from 'node:fs/promises';
import { statSync } from 'node:fs';
import path from 'node:path';
import type { FileItem, ImportFormat, ImportProblem, SourceFile } from '../../importers/source.ts';
import { importFiles } from '../../importers/import-files.ts';
import type { EventOf, RunEvent, RunId } from '../../model/run-event.ts';
import { fromMilliseconds, type UnixNano } from '../../model/time.ts';
import { storeArtifact } from '../../recording/artifacts.ts';
import { RecordExistsError, recordSuffix, runsFolder, sealRun } from '../../recording/seal.ts';
import { importOwnRecord } from './own-record.ts';
import { readSource } from './read-source.ts';

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
}

/** `store` is `.runweave`; `names` as the user wrote them, relative to `cwd`. Throws only when the store can't be written. */
export async function importRuns(store: string, names: readonly string[], cwd: string): Promise<ImportReport> {
  const runs: ImportOutcome[] = [];
  const problems: ImportProblem[] = [];
  const known = await knownRuns(store);
  for (const name of names) {
    const absolute = path.resolve(cwd, name);
    try {
      // What lies beside such a file belongs to it.
      const only = ['dvc.yaml', 'static_data.json'].find((each) => each === path.basename(absolute));
      const source = await readSource(absolute, name);
      const files = only === undefined ? source.files : (await readSource(path.dirname(absolute), path.dirname(name))).files;
      const written = (path: string): string => asWritten(path, name, absolute);
      problems.push(...source.problems);
      const own = await ownRecords(source.files, store);
      runs.push(...own.runs.map((run) => ({ ...run, source: written(run.source) })));
      problems.push(...own.problems.map((problem) => ({ ...problem, file: written(problem.file) })));
      const named = source.files.length === 1;
      const imported = await importFiles(files.filter((file) => !own.files.has(file)), { writtenAt, named, ...(only !== undefined && { only: `${path.basename(path.dirname(absolute))}/${only}` }) });
      problems.push(...imported.problems.map((problem) => ({ ...problem, file: written(problem.file) })));
      for (const run of imported.runs) {
        const kept = await keep(store, run, known);
        runs.push({ ...kept, source: written(kept.source) });
      }
      if (own.runs.length + imported.runs.length + own.problems.length + imported.problems.length + source.problems.length === 0) problems.push({ file: name, message: 'there is nothing in it that can be imported' });
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      if (code === 'ENOSPC' || code === 'EROFS' || code === 'EDQUOT') throw error;
      problems.push({ file: name, message: (error as Error).message });
    }
  }
  return { runs, problems };
}

/** `site/static_data.json` for what is `static_data.json` in `site`: the way from where the user is. */
function asWritten(inside: string, name: string, absolute: string): string {
  const beside = `${path.basename(path.dirname(absolute))}/${path.basename(absolute)}`;
  const base = [beside, path.basename(absolute), path.basename(absolute).replace(/\.zip$/i, '')].find((each) => inside === each || inside.startsWith(`${each}/`));
  return base === undefined ? inside : name.replace(/[/\\]+$/, '') + inside.slice(base.length);
}

async function ownRecords(files: readonly SourceFile[], store: string): Promise<ImportReport & { readonly files: ReadonlySet<SourceFile> }> {
  const runs: ImportOutcome[] = [];
  const problems: ImportProblem[] = [];
  const taken = new Set<SourceFile>();
  for (const file of files) {
    const own = await importOwnRecord(file, store);
    if (own === undefined) continue;
    taken.add(file);
    if ('message' in own) problems.push(own);
    else runs.push(own);
  }
  return { runs, problems, files: taken };
}

/** End of a run's id → the id: what was imported before has the same, whatever time a format without times gave it. */
async function knownRuns(store: string): Promise<Map<string, string>> {
  const names = await readdir(runsFolder(store)).catch(() => []);
  return new Map(names.filter((name) => name.endsWith(recordSuffix)).map((name) => name.slice(0, -recordSuffix.length)).map((id) => [id.slice(id.lastIndexOf('-') + 1), id]));
}

async function keep(store: string, run: Awaited<ReturnType<typeof importFiles>>['runs'][number], known: Map<string, string>): Promise<ImportOutcome> {
  const [started] = run.events;
  if (started?.type !== 'run-started') throw new Error('an importer told of no run');
  const outcome = { format: run.format, source: run.source, tasks: started.tasks.length };
  const earlier = known.get(run.key);
  if (earlier !== undefined) return { ...outcome, runId: earlier as RunId, record: path.resolve(runsFolder(store), earlier + recordSuffix), existed: true };
  const events: RunEvent[] = [];
  for (const event of run.events) events.push(event.type === 'file' ? await artifact(store, event) : event);
  known.set(run.key, started.runId);
  try {
    return { ...outcome, runId: started.runId, record: await sealRun(store, events), existed: false };
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
