/**
 * `.runweave/trash/`: records that a person deleted, until `gc` empties it. Each deletion is a folder named by its
 * time, so that a file keeps its own time, by which the index knows it, and is put back as it was.
 */
import { existsSync } from 'node:fs';
import { mkdir, readdir, rename, rmdir } from 'node:fs/promises';
import path from 'node:path';
import { runsFolder } from '../recording/record-path.ts';

export function trashFolder(store: string): string {
  return path.join(store, 'trash');
}

/** Moves records there. Returns the folder that holds them. Throws when the disk refuses. `store` is `.runweave`. */
export async function moveToTrash(store: string, records: readonly string[], now: Date): Promise<string> {
  const parent = trashFolder(store);
  await mkdir(parent, { recursive: true });
  const name = now.toISOString().replaceAll(/[-:]/g, '');
  let folder = path.join(parent, name);
  for (let count = 2; existsSync(folder); count += 1) folder = path.join(parent, `${name}-${count}`);
  await mkdir(folder);
  for (const record of records) {
    await rename(record, path.join(folder, path.basename(record))).catch((error: unknown) => {
      // Gone meanwhile, by another hand.
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    });
  }
  return folder;
}

/** Puts back what a deletion moved. Returns names that stay in the trash, as there is a record of that name again. */
export async function restoreFromTrash(store: string, folder: string): Promise<readonly string[]> {
  const left: string[] = [];
  // A folder of records that is no `.runweave` has them in itself.
  const place = existsSync(runsFolder(store)) ? runsFolder(store) : store;
  for (const name of await readdir(folder)) {
    const target = path.join(place, name);
    if (existsSync(target)) left.push(name);
    else await rename(path.join(folder, name), target);
  }
  if (left.length === 0) await rmdir(folder);
  return left;
}

/** The folder of the deletion that was made last, and when: ISO 8601, UTC. */
export async function latestDeletion(store: string): Promise<{ readonly folder: string; readonly time: string } | undefined> {
  const names = await readdir(trashFolder(store)).catch(() => []);
  const latest = names.filter((name) => deletionTime(name) !== undefined).sort().at(-1);
  if (latest === undefined) return undefined;
  const time = latest.replace(/^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d\.\d{3}Z).*$/, '$1-$2-$3T$4:$5:$6');
  return { folder: path.join(trashFolder(store), latest), time };
}

/** When a deletion was made, by the name of its folder: Unix milliseconds. `undefined` for another folder. */
export function deletionTime(folder: string): number | undefined {
  const match = /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)\.\d{3}Z(?:-\d+)?$/.exec(path.basename(folder));
  if (match === null) return undefined;
  const [, year, month, day, hour, minute, second] = match;
  return Date.parse(`${year}-${month}-${day}T${hour}:${minute}:${second}Z`);
}
