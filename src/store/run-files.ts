/** The files of a `.runweave` folder that are runs, by their names alone. */
import { readdir } from 'node:fs/promises';
import path from 'node:path';
import { liveFolder } from '../recording/event-log.ts';
import { runsFolder } from '../recording/seal.ts';

export interface RunFile {
  /** The run's id, for a file that has the name that it was sealed under. */
  readonly id: string;
  /** Absolute. */
  readonly path: string;
  readonly live: boolean;
}

/** Newest first, by name: run ids sort by time. Empty where there is no folder. */
export async function runFiles(folder: string): Promise<readonly RunFile[]> {
  const runs = path.resolve(runsFolder(folder));
  const live = path.resolve(liveFolder(folder));
  const [sealed, running] = await Promise.all([namesIn(runs), namesIn(live)]);
  const files = new Map<string, RunFile>();
  for (const name of running) {
    const id = /^([^.].*)\.jsonl$/.exec(name)?.[1];
    if (id !== undefined) files.set(id, { id, path: path.join(live, name), live: true });
  }
  // The record wins: its log is about to be removed.
  for (const name of sealed) {
    const id = /^([^.].*)\.otlp\.jsonl?$/.exec(name)?.[1];
    if (id !== undefined) files.set(id, { id, path: path.join(runs, name), live: false });
  }
  return [...files.values()].sort((a, b) => (a.id < b.id ? 1 : -1));
}

async function namesIn(folder: string): Promise<readonly string[]> {
  try {
    return await readdir(folder);
  } catch {
    return [];
  }
}
