/** Places in the folder of kept results, `.runweave/cache/kept/`: `kept-entries.ts` and `kept-objects.ts` say what is in it. */
import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync } from 'node:fs';
import path from 'node:path';
import type { Digest } from '../model/fingerprint.ts';

/** `store` is `.runweave`. */
export function keptFolder(store: string): string {
  return path.join(store, 'cache', 'kept');
}

/** One of 64 names: of thousands of lines, few have to be read for one, and few files are made. */
export function shardOf(digest: Digest): string {
  const start = 'sha256:'.length;
  return (Number.parseInt(digest.slice(start, start + 2), 16) & 0x3f).toString(16).padStart(2, '0');
}

/** A name that nobody else uses; the folder is made. */
export function stagingFile(kept: string): string {
  const folder = path.join(kept, 'staging');
  makeFolder(folder);
  return path.join(folder, `${process.pid}-${randomBytes(6).toString('hex')}`);
}

/** Most are there already, and to ask takes a tenth of what making it takes. */
export function makeFolder(folder: string): void {
  if (!existsSync(folder)) mkdirSync(folder, { recursive: true });
}

export function namesIn(folder: string): readonly string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}
