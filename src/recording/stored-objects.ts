/**
 * Whether an object of `objects/` is what was stored under its digest. Tasks get the paths of objects, and one may write
 * there, which changes neither name nor size. A look at every byte each time costs half a second a gigabyte. So what is
 * stored has a mark: an mtime of an odd number of 64ths of a second, which is exact in binary seconds, microseconds and
 * 100 ns, is no whole second as coarser clocks and archives have, and which no write leaves by chance (one in 30 million). An object without the mark is digested, and gets it if it is
 * sound: one that was copied without its times, or stored by an earlier version. Not seen: what is written with the times
 * set back, and where times are as coarse as the mark (FAT). Who unpickles one looks at its bytes in any case. (Not
 * without the right to write: a copy that a task makes with `cp` would have none either, and the next one would fail.)
 */
import { createHash } from 'node:crypto';
import type { BigIntStats } from 'node:fs';
import { open, stat, utimes } from 'node:fs/promises';
import path from 'node:path';
import type { Digest } from '../model/fingerprint.ts';

/** In a second. */
const marks = 64;
const markNs = 1_000_000_000n / BigInt(marks);

export type ObjectState = 'sound' | 'damaged' | 'missing';

/** What was found in objects that can't be marked, or that are damaged, by their paths: looked at once a process. */
const looked = new Map<string, { readonly stamp: string; readonly state: ObjectState }>();

/** `file` as `objectPath` gives it. Never throws: what can't be read is missing. */
export async function objectState(file: string): Promise<ObjectState> {
  try {
    const stats = await stat(file, { bigint: true });
    if (!stats.isFile()) return 'missing';
    if (isMarked(stats)) return 'sound';
    const stamp = stampOf(stats);
    const known = looked.get(file);
    if (known?.stamp === stamp) return known.state;
    const state = `${path.basename(path.dirname(file))}${path.basename(file)}` === (await hexOf(file)) ? 'sound' : 'damaged';
    looked.set(file, { stamp, state });
    // Not newer than it was, or `gc` would take it for new.
    if (state === 'sound' && stampOf(await stat(file, { bigint: true })) === stamp) await mark(file, Number(stats.mtimeNs) / 1e9);
    return state;
  } catch {
    return 'missing';
  }
}

/** Of bytes that are known to be sound. `seconds`: Unix time. What the file system refuses is digested when it is asked for. */
export async function mark(file: string, seconds: number): Promise<void> {
  const time = markedTime(seconds);
  await utimes(file, time, time).catch(() => undefined);
}

/** So that `gc` takes it for new, as what refers to it is not written yet. `false`: it is gone, or damaged, and has to be stored. */
export async function touchObject(file: string): Promise<boolean> {
  if ((await objectState(file)) !== 'sound') return false;
  const time = markedTime(Date.now() / 1000);
  return utimes(file, time, time).then(
    () => true,
    () => false,
  );
}

export function digestOf(bytes: Uint8Array): Digest {
  return `sha256:${createHash('sha256').update(bytes).digest('hex')}` as Digest;
}

/** An empty one may be what a crash left of it. */
function isMarked({ mtimeNs, size }: BigIntStats): boolean {
  return size > 0n && mtimeNs % markNs === 0n && (mtimeNs / markNs) % 2n === 1n;
}

/** At that Unix time in seconds, or up to a 32nd of a second later. */
function markedTime(seconds: number): number {
  const number = Math.ceil(seconds * marks);
  return (number % 2 === 1 ? number : number + 1) / marks;
}

function stampOf({ ino, size, mtimeNs, ctimeNs }: BigIntStats): string {
  return `${ino} ${size} ${mtimeNs} ${ctimeNs}`;
}

async function hexOf(file: string): Promise<string> {
  const hash = createHash('sha256');
  const handle = await open(file);
  try {
    for await (const chunk of handle.createReadStream({ highWaterMark: 1024 * 1024, autoClose: false })) hash.update(chunk as Buffer);
  } finally {
    await handle.close();
  }
  return hash.digest('hex');
}
