/**
 * One executor a pipeline: `.runweave/live/<pipeline file>.lock` says who holds it (`recording/writer.ts` says how a
 * holder is known), so that a crashed holder does not keep the pipeline locked for ever.
 *
 *            link                          rename
 *   free ───────────▶ held ──dies──▶ stale ───────▶ held
 *    ▲                  │              │   takeOver
 *    └──────release─────┘              └ link of `<lock>.after-<digest of the stale lock>`: who makes it may rename
 *
 * No system call replaces a file only if it is still the one that was looked at. So of those that find a lock stale, one
 * alone may put its own in its place: who makes the name that stands for what the stale lock says. Should that process
 * die on the way, its claim is as stale as the lock, and the next one claims what comes after it. That nobody else holds
 * the lock then follows from three things. What a lock says is never said again (`id`), so a stale one that was replaced
 * does not come back. A claim to it is removed only after that. And who has made a claim looks at the lock once more: if
 * it still says the same, nobody has taken it, and nobody else may. The lock is there all the time, so nobody finds the
 * place free.
 */
import { createHash, randomUUID } from 'node:crypto';
import { existsSync, linkSync, lstatSync, mkdirSync, readdirSync, readFileSync, readlinkSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { describeProcess, holderIsAlive, keepTouched, lifeOf, lockSuffix, longestUntouched, parseIdentity, type ProcessIdentity } from '../recording/writer.ts';

export interface LockHolder extends ProcessIdentity {
  /** `run`, `watch` or `gc`. */
  readonly purpose: string;
  /** Another each time that a lock is taken; absent in locks of earlier versions. */
  readonly id?: string;
}

export interface HeldLock {
  readonly holder: LockHolder;
  /** Absolute path of the lock. */
  readonly file: string;
}

export type LockResult = { readonly ok: true; readonly release: () => void } | ({ readonly ok: false } & HeldLock);

/** Of processes that were at it when they died. */
const longestChain = 100;

/** Throws when the disk refuses, and where something that is no lock is in its place. */
export function acquireLock(folder: string, pipelineFile: string, purpose: string): LockResult {
  const directory = path.join(folder, 'live');
  try {
    mkdirSync(directory, { recursive: true });
  } catch (error) {
    for (const each of [folder, directory]) refuseLinkToNothing(each);
    throw error;
  }
  const file = path.join(directory, `${path.basename(pipelineFile)}${lockSuffix}`);
  const id = randomUUID();
  const holder: LockHolder = { ...describeProcess(), purpose, id };
  // With the id, as another container may have the same process id.
  const temporary = `${file}.${process.pid}-${id}`;
  const held = (): LockResult => {
    const stopTouching = keepTouched(file);
    return {
      ok: true,
      release: () => {
        stopTouching();
        release(file, id);
      },
    };
  };
  let other = holder;
  try {
    writeFileSync(temporary, JSON.stringify(holder));
    for (let tries = 0; tries < 10; tries += 1) {
      if (createWhole(temporary, file)) return held();
      const text = readText(file);
      if (text === undefined) {
        refuseLinkToNothing(file);
        continue;
      }
      const found = takeOver(file, text, temporary);
      if (found === 'taken') return held();
      if (found === 'changed') continue;
      other = found;
      break;
    }
    return { ok: false, holder: other, file };
  } finally {
    rmSync(temporary, { force: true });
  }
}

/** No room, or a quota that is used up. */
export function isDiskFull(error: unknown): boolean {
  const { code } = error as NodeJS.ErrnoException;
  return code === 'ENOSPC' || code === 'EDQUOT';
}

/** What to do about a lock that somebody else holds. */
export function adviceFor({ holder, file }: HeldLock): string {
  const life = lifeOf(holder);
  switch (life) {
    case 'runs':
    case 'gone':
      return 'Wait for it, or end it.';
    case 'unknown':
      return `It is in another container or sandbox: wait for it, or end it there. If it has died, the lock frees itself ${longestUntouched / 1000} seconds later.`;
    case 'other-host':
      return `Wait for it, or end it there. If it is gone for certain, delete ${file}.`;
    default:
      return life satisfies never;
  }
}

/**
 * A link to a finished file appears whole or not at all, and fails if the name is taken: `false`. File systems without
 * hard links (exFAT, some network mounts) have no better than a file that is made and then written.
 */
function createWhole(temporary: string, file: string): boolean {
  const isMade = (make: () => void): boolean => {
    try {
      make();
      return true;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
      throw error;
    }
  };
  try {
    return isMade(() => linkSync(temporary, file));
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code !== 'EPERM' && code !== 'ENOTSUP' && code !== 'EOPNOTSUPP' && code !== 'ENOSYS') throw error;
    return isMade(() => writeFileSync(file, readFileSync(temporary), { flag: 'wx' }));
  }
}

/** Every lock of the folder that somebody holds. */
export function heldLocks(folder: string): readonly HeldLock[] {
  const directory = path.join(folder, 'live');
  return readdirSync(directory).flatMap((name) => {
    if (!name.endsWith(lockSuffix)) return [];
    const file = path.join(directory, name);
    const holder = aliveIn(file, readText(file));
    return holder === undefined ? [] : [{ file, holder }];
  });
}

/** Somebody may have removed it, and another have taken it. */
function release(file: string, id: string): void {
  if (holderIn(readText(file))?.id === id) rmSync(file, { force: true });
}

/**
 * Puts `temporary` in the place of a lock that says `text`, if its holder is gone. Otherwise who holds it, or is about
 * to; `changed`: it is another one by now.
 */
function takeOver(file: string, text: string, temporary: string): 'taken' | 'changed' | LockHolder {
  let holder = aliveIn(file, text);
  for (let [gone, links] = [text, 0]; holder === undefined && links < longestChain; links += 1) {
    const claim = `${file}${claimMark}${createHash('sha256').update(gone).digest('hex').slice(0, 32)}`;
    if (createWhole(temporary, claim)) {
      const isStill = readText(file) === text;
      if (isStill) renameSync(temporary, file);
      // What others claimed after the one that is replaced is worth nothing any more.
      for (const each of isStill ? claimsOf(file) : [claim]) rmSync(each, { force: true });
      return isStill ? 'taken' : 'changed';
    }
    const theirs = readText(claim);
    if (theirs === undefined) return 'changed';
    holder = aliveIn(claim, theirs);
    gone = theirs;
  }
  return holder ?? 'changed';
}

const claimMark = '.after-';

function claimsOf(file: string): readonly string[] {
  const directory = path.dirname(file);
  return readdirSync(directory).filter((name) => name.startsWith(path.basename(file) + claimMark)).map((name) => path.join(directory, name));
}

/** Who holds a lock, or has a claim, that says `text`, unless he is gone. */
function aliveIn(file: string, text: string | undefined): LockHolder | undefined {
  const holder = holderIn(text);
  return holder !== undefined && holderIsAlive(file, holder) ? holder : undefined;
}

function holderIn(text: string | undefined): LockHolder | undefined {
  return text === undefined ? undefined : (parseIdentity(text) as LockHolder | undefined);
}

function readText(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT') return undefined;
    if (code === 'EISDIR') throw new Error(`${file} is a folder, where a lock should be. Remove it`, { cause: error });
    throw error;
  }
}

/** Such a link is neither there, so that it could be read, nor away, so that a file could get its name. */
function refuseLinkToNothing(file: string): void {
  if (lstatSync(file, { throwIfNoEntry: false })?.isSymbolicLink() !== true || existsSync(file)) return;
  throw new Error(`${file} is a link to ${readlinkSync(file)}, which is not there. Remove the link, or make what it leads to`);
}
