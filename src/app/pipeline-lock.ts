/** The pipeline's lock as a session holds it: once, however many of its own runs and watches want it. */
import { accessSync, constants, existsSync } from 'node:fs';
import path from 'node:path';
import type { ProblemCode } from '../protocol/session.ts';
import { acquireLock, adviceFor, heldLocks, isDiskFull, type LockResult } from './lock.ts';

export type Held = { readonly ok: true; readonly release: () => void } | { readonly ok: false; readonly code: ProblemCode; readonly message: string };

export interface PipelineLock {
  readonly acquire: (purpose: 'run' | 'watch') => Held;
}

/** `onTaken` is called when the lock was taken from nobody: others may have written since. */
export function createPipelineLock(store: string, file: string, onTaken: () => void): PipelineLock {
  let holders = 0;
  let releaseFile: () => void = () => undefined;
  const release = (): void => {
    holders -= 1;
    if (holders === 0) releaseFile();
  };
  const acquire = (purpose: 'run' | 'watch'): Held => {
    if (holders === 0) {
      let result: LockResult | undefined;
      try {
        result = acquireLock(store, file, purpose);
        // Of two that take their locks at once, each sees the other's, and at least one gives way.
        const collector = result.ok ? heldLocks(store).find((held) => held.holder.purpose === 'gc') : undefined;
        if (result.ok && collector !== undefined) {
          result.release();
          return { ok: false, code: 'locked', message: `runweave gc is at work here, with process id ${collector.holder.pid} on ${collector.holder.host}. Try again when it is done.` };
        }
        if (!result.ok) {
          const { pid, host, purpose: theirs } = result.holder;
          return {
            ok: false,
            code: 'locked',
            message: `another process holds this pipeline: ${theirs === 'watch' ? 'a watch' : 'a run'} with process id ${pid} on ${host}. ${adviceFor(result)}`,
          };
        }
        refuseReadOnlyCache(store);
        releaseFile = result.release;
      } catch (error) {
        if (result?.ok === true) result.release();
        return { ok: false, code: 'storage', message: `${store} cannot be written: ${(error as Error).message}${isDiskFull(error) ? '. To free what is kept to be restored: RUNWEAVE_CACHE_LIMIT=0 runweave gc' : ''}` };
      }
      onTaken();
    }
    holders += 1;
    let isReleased = false;
    return {
      ok: true,
      release: () => {
        if (!isReleased) release();
        isReleased = true;
      },
    };
  };
  return { acquire };
}

/** Every attempt writes there; it may be on a disk of its own, as where jobs share a cache. Throws as a write would. */
function refuseReadOnlyCache(store: string): void {
  for (const folder of [path.join(store, 'cache'), path.join(store, 'cache', 'attempts')]) if (existsSync(folder)) accessSync(folder, constants.W_OK);
}
