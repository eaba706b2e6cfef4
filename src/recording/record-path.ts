/** Where records are. `folder` is `.runweave`. */
import path from 'node:path';
import type { RunId } from '../model/run-event.ts';

export const recordSuffix = '.otlp.jsonl';

export function runsFolder(folder: string): string {
  return path.join(folder, 'runs');
}

export function recordPath(folder: string, runId: RunId): string {
  return path.join(runsFolder(folder), runId + recordSuffix);
}
