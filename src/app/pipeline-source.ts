/** The pipeline file as it is on disk now. */
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import type { Diagnostic } from '../model/diagnostic.ts';
import type { JsonObject } from '../model/json.ts';
import { loadPipeline, type LoadedPipeline } from '../definition/load-pipeline.ts';

/** Never throws: a file that is missing or can't be read is a diagnostic like any other mistake. */
export function readPipeline(file: string, set: JsonObject | undefined, environment: Readonly<Record<string, string | undefined>>): LoadedPipeline {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    const message = (error as NodeJS.ErrnoException).code === 'ENOENT' ? 'the pipeline file does not exist' : `the pipeline file cannot be read: ${(error as Error).message}`;
    const nowhere = { line: 0, character: 0 };
    const diagnostic: Diagnostic = { code: 'unreadable-file', severity: 'error', message, file, range: { start: nowhere, end: nowhere } };
    const folder = path.dirname(file);
    return { graph: { name: path.basename(folder), file, folder, tasks: [], diagnostics: [diagnostic] } };
  }
  return loadPipeline({ file, text, environment, fileExists: existsSync, ...(set !== undefined && { set }) });
}
