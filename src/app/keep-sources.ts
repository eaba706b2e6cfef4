/**
 * Keeps what the source files of a run said, so that the code of two runs can be compared and an earlier version can be
 * opened. Once per content, beside the artifacts; secrets are masked before.
 *
 * What a task ran is what was there when it started. Files that are known then are read then; those that it was seen
 * to import, when it has ended, unless they changed meanwhile. Nobody waits for it but the end of the run.
 */
import { stat } from 'node:fs/promises';
import path from 'node:path';
import type { Digest } from '../model/fingerprint.ts';
import { storeObject } from '../recording/artifacts.ts';
import { isText } from '../recording/media-type.ts';
import { readPlainFile } from '../recording/plain-file.ts';

/** In bytes. A larger file is hardly code; notebooks with their outputs in them may be. */
const largestSource = 1024 * 1024;

export interface SourceKeeper {
  /** Digests of those of `files` (relative to the folder) that are kept. `before`: Unix milliseconds; later versions are not meant. */
  readonly keep: (files: readonly string[], before?: number) => Promise<Readonly<Record<string, Digest>>>;
}

/** `store` is `.runweave`. Never throws: what can't be read or written is not kept. */
export function createSourceKeeper(store: string, folder: string, masked: (text: string) => string): SourceKeeper {
  /** By path: the version that was read last. */
  const known = new Map<string, { readonly version: string; readonly digest: Digest | undefined }>();
  const keepOne = async (file: string, before: number): Promise<Digest | undefined> => {
    const absolute = path.resolve(folder, file);
    const { size, mtimeMs, ctimeMs, ino } = await stat(absolute);
    const version = `${size} ${mtimeMs} ${ctimeMs} ${ino}`;
    const last = known.get(absolute);
    if (last?.version === version) return last.digest;
    if (size > largestSource || Math.max(mtimeMs, ctimeMs) > before) return undefined;
    const bytes = await readPlainFile(absolute);
    const digest = isText(bytes) ? (await storeObject(store, [Buffer.from(masked(bytes.toString('utf8')))])).digest : undefined;
    known.set(absolute, { version, digest });
    return digest;
  };
  return {
    keep: async (files, before = Infinity) => {
      const kept: [string, Digest][] = [];
      for (const file of files) {
        const digest = await keepOne(file, before).catch(() => undefined);
        if (digest !== undefined) kept.push([file, digest]);
      }
      return Object.fromEntries(kept);
    },
  };
}
