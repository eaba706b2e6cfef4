/** What is known from earlier runs: the last result of each task, and the digests of files. */
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import type { Pipeline } from '../model/pipeline.ts';
import { createFileDigests, type FileDigests } from '../fingerprint/file-digests.ts';
import { openResults, readResults, type Results } from '../fingerprint/results.ts';

export interface TaskMemory {
  readonly results: (pipeline: Pipeline) => Promise<Results>;
  readonly digests: () => FileDigests;
  readonly saveDigests: () => void;
  /** Another process may have written results: they are read again when they are asked for next. */
  readonly forgetResults: () => void;
}

/** `store` is `.runweave`; `file` the pipeline file, of which there may be several in its folder. */
export function createTaskMemory(store: string, file: string): TaskMemory {
  const resultsFile = path.join(store, 'cache', `results-${path.basename(file)}.jsonl`);
  const digestsFile = path.join(store, 'cache', 'digests.json');
  let results: Promise<Results> | undefined;
  let digests: FileDigests | undefined;

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
    digests: () => (digests ??= createFileDigests(readJson(digestsFile))),
    saveDigests: () => {
      if (digests === undefined) return;
      try {
        mkdirSync(path.dirname(digestsFile), { recursive: true });
        const temporary = `${digestsFile}.${process.pid}.tmp`;
        writeFileSync(temporary, JSON.stringify(digests.export()));
        renameSync(temporary, digestsFile);
      } catch {
        // Only a cache: without it files are read again.
      }
    },
    forgetResults: () => {
      void results?.then((open) => open.close());
      results = undefined;
    },
  };
}

function readJson(file: string): Parameters<typeof createFileDigests>[0] {
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as Parameters<typeof createFileDigests>[0];
  } catch {
    return {};
  }
}
