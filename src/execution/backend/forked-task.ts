/**
 * A task that a warm process was asked for (`warm.ts`), told about as `local.ts` tells about a process that it spawned:
 * the same process group, the same signals, the same end.
 */
import type { Socket } from 'node:net';
import { StringDecoder } from 'node:string_decoder';
import type { ProcessEnd, ProcessRequest, RunningProcess } from './backend.ts';
import { killProcessesWith, lookAfter } from './descendants.ts';
import { drain, grace, marksOf, signalGroup } from './local.ts';

export interface ForkedTask {
  readonly hasStarted: () => boolean;
  /** Its standard output and standard error come on these two; or why they can't be read. */
  readonly started: (pid: number, outputs: readonly Socket[] | string) => void;
  readonly notStarted: (reason: string) => void;
  /** As `notStarted`, where it may have been started all the same. */
  readonly lost: (reason: string) => void;
  readonly ended: (end: ProcessEnd) => void;
}

/** `onStarted` is told of the process, or why there is none. */
export function forkedTask(request: ProcessRequest, onStarted: (running: RunningProcess | string) => void): ForkedTask {
  const pipes: Socket[] = [];
  const began = performance.now();
  let pid = 0;
  let open = 2;
  let end: ProcessEnd | undefined;
  let finish: (end: ProcessEnd) => void = () => undefined;
  let drainTimer: NodeJS.Timeout | undefined;
  let killTimer: NodeJS.Timeout | undefined;

  const finishIfOver = (): void => {
    if (end === undefined || open > 0) return;
    clearTimeout(drainTimer);
    clearTimeout(killTimer);
    finish(end);
  };
  const stop = (): boolean => {
    if (end !== undefined) return false;
    if (killTimer === undefined) {
      signalGroup(pid, 'SIGTERM');
      killTimer = setTimeout(() => signalGroup(pid, 'SIGKILL'), grace);
    }
    return true;
  };
  return {
    hasStarted: () => pid !== 0,
    started: (id, outputs) => {
      pid = id;
      onStarted({ pid, ended: new Promise((resolve) => (finish = resolve)), stop });
      if (typeof outputs === 'string') {
        request.onOutput('stderr', `runweave: the task is ended, as its output can't be read: ${outputs}\n`);
        open = 0;
        signalGroup(pid, 'SIGKILL');
        return;
      }
      for (const [at, pipe] of outputs.entries()) {
        const stream = at === 0 ? 'stdout' : 'stderr';
        const decoder = new StringDecoder('utf8');
        pipes.push(pipe);
        pipe.on('data', (chunk: Buffer) => request.onOutput(stream, decoder.write(chunk)));
        pipe.on('end', () => {
          const rest = decoder.end();
          if (rest !== '') request.onOutput(stream, rest);
        });
        pipe.on('error', () => undefined);
        pipe.on('close', () => {
          open -= 1;
          finishIfOver();
        });
      }
    },
    notStarted: onStarted,
    lost: (reason) => {
      killProcessesWith(marksOf(request), 0);
      onStarted(reason);
    },
    ended: (how) => {
      end = how;
      signalGroup(pid, 'SIGKILL');
      killProcessesWith(marksOf(request), lookAfter(pid, began));
      drainTimer = setTimeout(() => {
        // After a turn of the loop, in which what is there is read even if other work held it up until now.
        setImmediate(() => {
          for (const pipe of pipes) pipe.destroy();
          open = 0;
          finishIfOver();
        });
      }, drain);
      finishIfOver();
    },
  };
}
