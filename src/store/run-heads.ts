/**
 * What the first lines of all records say, each read once: a record never changes, so that path, time and size of a
 * file tell whether what is known of it still holds.
 */
import { stat } from 'node:fs/promises';
import type { RunFile } from './run-files.ts';

/** Reading is bound by parsing; more at once only holds more in memory. */
const concurrency = 8;

interface Known<T> {
  readonly key: string;
  readonly value: T;
}

/** `read` for every file, in order; `undefined` for a file that is gone meanwhile. Answers from `cache` where it can, and forgets there what is gone. */
export async function readEach<T>(files: readonly RunFile[], cache: Map<string, Known<T>>, read: (file: RunFile) => Promise<T>): Promise<readonly (T | undefined)[]> {
  const results: (T | undefined)[] = files.map(() => undefined);
  let next = 0;
  const worker = async (): Promise<void> => {
    for (let index = next++; index < files.length; index = next++) {
      const file = files[index];
      if (file !== undefined) results[index] = await readCached(file, cache, read);
    }
  };
  await Promise.all(Array.from({ length: concurrency }, worker));
  return results;
}

async function readCached<T>(file: RunFile, cache: Map<string, Known<T>>, read: (file: RunFile) => Promise<T>): Promise<T | undefined> {
  const stats = await stat(file.path).catch(() => undefined);
  if (stats === undefined) {
    cache.delete(file.path);
    return undefined;
  }
  const key = `${stats.mtimeMs} ${stats.size}`;
  const known = cache.get(file.path);
  if (known?.key === key) return known.value;
  const value = await read(file);
  cache.set(file.path, { key, value });
  return value;
}
