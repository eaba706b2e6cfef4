/** A record as a page of a website takes it, with the contents that it refers to. */
import { stat } from 'node:fs/promises';
import { splitRun, storedObject } from '../../exporters/site/stored-run.ts';
import { digestOf } from '../../fingerprint/file-digests.ts';
import type { Digest } from '../../model/fingerprint.ts';
import type { StoredObject, StoredRun } from '../../protocol/site.ts';
import { objectPath, readArtifact } from '../../recording/artifacts.ts';
import { readRecord } from '../../store/read-record.ts';
import { runSnapshot } from '../run-snapshot.ts';

/** Bytes of an artifact that a page can take over: as text of a script it is a third longer. */
const largestObject = 32 * 1024 * 1024;

export interface ReadStoredRun {
  readonly stored: StoredRun;
  readonly contents: ReadonlyMap<Digest, Uint8Array>;
  readonly referred: ReadonlySet<Digest>;
}

export async function readStoredRun(file: string): Promise<ReadStoredRun> {
  const record = await readRecord(file);
  if (record.type !== 'run') return { stored: record, contents: new Map(), referred: new Set() };
  const { state, contents, referred } = splitRun(record.state, digestOf);
  return { stored: runSnapshot(state, false), contents, referred };
}

/** `undefined` when the bytes are gone, too many, or not what the digest stands for. `store` is `.runweave`. */
export async function readStoredObject(store: string, digest: Digest, contents?: ReadonlyMap<Digest, Uint8Array>): Promise<StoredObject | undefined> {
  const inRecord = contents?.get(digest);
  if (inRecord !== undefined) return storedObject(inRecord);
  if (!(await isStorable(store, digest))) return undefined;
  const bytes = await readArtifact(store, digest);
  return bytes === undefined || digestOf(bytes) !== digest ? undefined : storedObject(bytes);
}

/** Whether there is an object that a page could take over. */
export async function isStorable(store: string, digest: string): Promise<boolean> {
  const file = objectPath(store, digest);
  const stats = file === undefined ? undefined : await stat(file).catch(() => undefined);
  return stats !== undefined && stats.size <= largestObject;
}
