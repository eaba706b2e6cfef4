/**
 * A task that a warm process was asked for (`warm.ts`), told about as `local.ts` tells about a process that it spawned:
 * the same process group, the same signals, the same end.
 */
import type { Socket } from 'node:net';
import { StringDecoder } from 'node:string_decoder';
import type { ProcessEnd, ProcessRequest, RunningProcess } from './backend.ts';
import { killProcessesWith } from './descendants.ts';
import { drain, grace, signalGroup } from './local.ts';

export interface ForkedTask {
  readonly hasStarted: () => boolean;
  readonly started: (pid: number) => void;
  readonly notStarted: (reason: string) => void;
  /** Its output comes on these, one a stream. */
  readonly connected: (stream: 'stdout' | 'stderr', socket: Socket) => void;
  readonly ended: (end: ProcessEnd) => void;
}

/** `onStarted` is told of the process, or why there is none. */
export function forkedTask(request: ProcessRequest, onStarted: (running: RunningProcess | string) => void): ForkedTask {
  const sockets = new Set<Socket>();
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
    started: (id) => {
      pid = id;
      onStarted({ pid, ended: new Promise((resolve) => (finish = resolve)), stop });
      // Not before: output would be told of an attempt that has not started.
      for (const socket of sockets) socket.resume();
    },
    notStarted: (reason) => {
      for (const socket of sockets) socket.destroy();
      onStarted(reason);
    },
    connected: (stream, socket) => {
      sockets.add(socket);
      const decoder = new StringDecoder('utf8');
      socket.on('data', (chunk: Buffer) => request.onOutput(stream, decoder.write(chunk)));
      socket.on('end', () => {
        const rest = decoder.end();
        if (rest !== '') request.onOutput(stream, rest);
      });
      socket.on('close', () => {
        open -= 1;
        finishIfOver();
      });
      if (pid !== 0) socket.resume();
    },
    ended: (how) => {
      end = how;
      signalGroup(pid, 'SIGKILL');
      const marks = ['RUNWEAVE_RUN_ID', 'RUNWEAVE_TASK'].map((name) => `${name}=${request.env[name] ?? ''}`);
      killProcessesWith(marks, pid);
      drainTimer = setTimeout(() => {
        // After a turn of the loop, in which what is there is read even if other work held it up until now.
        setImmediate(() => {
          for (const socket of sockets) socket.destroy();
          open = 0;
          finishIfOver();
        });
      }, drain);
      finishIfOver();
    },
  };
}
