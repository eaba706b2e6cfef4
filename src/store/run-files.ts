/** The files of a `.runweave` folder that are runs, by their names alone. */
import { existsSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import path from 'node:path';
import { newestFirst } from '../model/run-order.ts';
import { liveFolder } from '../recording/event-log.ts';
import { runsFolder } from '../recording/record-path.ts';

export interface RunFile {
  /** The run's id, for a file that has the name that it was sealed under. */
  readonly id: string;
  /** Absolute. */
  readonly path: string;
  readonly live: boolean;
}

const liveLog = /^([^.].*)\.jsonl$/;
const sealed = /^([^.].*)\.otlp\.jsonl?$/;

/** Whether a file is a record, by its name. */
export function isRecordName(name: string): boolean {
  return sealed.test(name);
}

/**
 * Newest first, by name. Empty where there is no folder. A folder into which records were copied,
 * without `runs/`, has them in itself.
 */
export async function runFiles(folder: string): Promise<readonly RunFile[]> {
  const runs = path.resolve(runsFolder(folder));
  const live = path.resolve(liveFolder(folder));
  const [inRuns, running] = await Promise.all([namesIn(runs), namesIn(live)]);
  const place = inRuns === undefined ? path.resolve(folder) : runs;
  // Not by `path.join`, which takes as long as all else that is done with a name.
  const files = new Map<string, RunFile>();
  for (const name of running ?? []) {
    const id = liveLog.exec(name)?.[1];
    if (id !== undefined) files.set(id, { id, path: `${live}${path.sep}${name}`, live: true });
  }
  // The record wins: its log is about to be removed.
  for (const name of inRuns ?? (await namesIn(place)) ?? []) {
    const id = sealed.exec(name)?.[1];
    if (id !== undefined) files.set(id, { id, path: `${place}${path.sep}${name}`, live: false });
  }
  return [...files.values()].sort((a, b) => newestFirst(a.id, b.id));
}

/** Runs in progress alone: where there are very many records, their names are not asked for. */
export async function liveFiles(folder: string): Promise<readonly RunFile[]> {
  const [runs, live] = [path.resolve(runsFolder(folder)), path.resolve(liveFolder(folder))];
  return ((await namesIn(live)) ?? []).flatMap((name): readonly RunFile[] => {
    const id = liveLog.exec(name)?.[1];
    const isSealed = id === undefined || ['jsonl', 'json'].some((ending) => existsSync(path.join(runs, `${id}.otlp.${ending}`)));
    return isSealed ? [] : [{ id, path: path.join(live, name), live: true }];
  });
}

/** `undefined` where there is no such folder. */
async function namesIn(folder: string): Promise<readonly string[] | undefined> {
  try {
    return await readdir(folder);
  } catch {
    return undefined;
  }
}
