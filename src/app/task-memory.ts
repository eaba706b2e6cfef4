/** What is known from earlier runs: the last result of each task, and the digests of files. */
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import type { Pipeline, TaskId } from '../model/pipeline.ts';
import { createFileDigests, type FileDigests } from '../fingerprint/file-digests.ts';
import { openResults, readResults, type Results } from '../fingerprint/results.ts';

export interface TaskMemory {
  readonly results: (pipeline: Pipeline) => Promise<Results>;
  readonly digests: () => FileDigests;
  readonly saveDigests: () => void;
  /** Installed modules that tasks imported when they ran last. */
  readonly imports: () => ImportMemory;
  /** Another process may have written results: they are read again when they are asked for next. */
  readonly forgetResults: () => void;
}

export interface ImportMemory {
  readonly of: (task: TaskId) => readonly string[];
  readonly set: (task: TaskId, modules: readonly string[]) => void;
  readonly save: () => void;
}

/** `store` is `.runweave`; `file` the pipeline file, of which there may be several in its folder. */
export function createTaskMemory(store: string, file: string): TaskMemory {
  const resultsFile = path.join(store, 'cache', `results-${path.basename(file)}.jsonl`);
  const digestsFile = path.join(store, 'cache', 'digests.json');
  let results: Promise<Results> | undefined;
  let digests: FileDigests | undefined;
  let imports: ImportMemory | undefined;

  const open = async (pipeline: Pipeline): Promise<Results> => {
    const known = readResults(resultsFile);
    if (known !== undefined) return openResults(resultsFile, known);
    if (!existsSync(path.join(store, 'runs'))) return openResults(resultsFile, new Map());
    // The cache was deleted, or is of another version: the records say the same.
    const { latestResults } = await import('../store/latest-results.ts');
    return openResults(resultsFile, new Map(await latestResults(store, pipeline, new Set(pipeline.tasks.map((task) => task.id)))));
  };
  return {
    results: (pipeline) => (results ??= open(pipeline)),
    digests: () => (digests ??= createFileDigests(readJson(digestsFile) as Parameters<typeof createFileDigests>[0])),
    saveDigests: () => {
      if (digests !== undefined) saveJson(digestsFile, digests.export());
    },
    imports: () => (imports ??= openImports(path.join(store, 'cache', `imports-${path.basename(file)}.json`))),
    forgetResults: () => {
      void results?.then((open) => open.close());
      results = undefined;
    },
  };
}

function openImports(file: string): ImportMemory {
  const known = new Map(Object.entries(readJson(file) as Readonly<Record<TaskId, readonly string[]>>)) as Map<TaskId, readonly string[]>;
  let isSaved = true;
  return {
    of: (task) => known.get(task) ?? [],
    set: (task, modules) => {
      if (JSON.stringify(known.get(task)) === JSON.stringify(modules)) return;
      known.set(task, modules);
      isSaved = false;
    },
    save: () => {
      if (!isSaved) saveJson(file, Object.fromEntries(known));
      isSaved = true;
    },
  };
}

function readJson(file: string): object {
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as object;
  } catch {
    return {};
  }
}

function saveJson(file: string, value: object): void {
  try {
    mkdirSync(path.dirname(file), { recursive: true });
    const temporary = `${file}.${process.pid}.tmp`;
    writeFileSync(temporary, JSON.stringify(value));
    renameSync(temporary, file);
  } catch {
    // Only a cache: what is in it is found out again.
  }
}
