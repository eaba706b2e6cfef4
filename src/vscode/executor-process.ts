/**
 * The executor's process of one pipeline, seen from the editor. Knows nothing of `vscode`.
 *
 *   stopped ──start()──▶ starting ──fork──▶ alive ──close(), dispose()──▶ closing ──exit──▶ stopped
 *                           ▲                 │
 *                           │                 └─exit─▶ died ──policy: again──▶ (pause) ──▶ starting
 *                           └──── start(), restart() ────┴──policy: enough──▶ stopped
 *
 * What is sent before the process is alive waits until `open` was sent. What the process was asked for when it died is
 * lost: the owner asks again for what it still wants (`onRestarted`).
 */
import { fork } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import type { ExecutorMessage, OpenOptions, SessionCommand, SessionMessage } from '../protocol/session.ts';
import { systemTimers } from './coalesce.ts';
import type { Timers } from './coalesce.ts';
import { restartPolicy } from './restart-policy.ts';

export interface ExecutorDeath {
  /** `exit code 1`, `signal SIGKILL`. */
  readonly cause: string;
  readonly restarts: boolean;
}

export interface ExecutorHooks {
  /** Absolute path of `executor.cjs`. */
  readonly module: string;
  /** Asked at every start, so that a changed setting counts. */
  readonly options: () => Promise<OpenOptions>;
  readonly onMessage: (message: SessionMessage) => void;
  readonly onDied: (death: ExecutorDeath) => void;
  /** The process is there again after it died, and the pipeline was opened in it. */
  readonly onRestarted: () => void;
  /** What the process writes to its own stdout and stderr. */
  readonly onOutput: (text: string) => void;
  readonly timers?: Timers;
}

export interface ExecutorProcess {
  /** Starts the process if there is none. */
  readonly send: (command: SessionCommand) => void;
  readonly isStarted: () => boolean;
  readonly pid: () => number | undefined;
  /** Ends the process and forgets earlier deaths; the next `send` starts it anew. */
  readonly stop: () => Promise<void>;
}

/** How long a process may take to end its tasks before it is killed. VS Code gives `deactivate` five seconds. */
const closeTimeout = 4000;

export function executorProcess(hooks: ExecutorHooks): ExecutorProcess {
  const policy = restartPolicy();
  const timers = hooks.timers ?? systemTimers;
  let child: ChildProcess | undefined;
  let waiting: SessionCommand[] = [];
  let starting = false;
  /** Changes with every stop, so that a start that was under way gives up. */
  let generation = 0;
  let endPause: (() => void) | undefined;

  const start = async (): Promise<boolean> => {
    endPause?.();
    endPause = undefined;
    starting = true;
    const mine = generation;
    const options = await hooks.options();
    if (mine !== generation) return false;
    starting = false;
    const process_ = fork(hooks.module, [], {
      execPath: process.execPath,
      // A debugger's port belongs to the extension host alone.
      execArgv: [],
      env: { ...process.env, ELECTRON_RUN_AS_NODE: '1' },
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    });
    child = process_;
    for (const stream of [process_.stdout, process_.stderr]) stream?.setEncoding('utf8').on('data', (text: string) => hooks.onOutput(text));
    process_.on('message', (message: ExecutorMessage) => {
      if (message.type === 'events') for (const event of message.events) hooks.onMessage({ type: 'event', event });
      else hooks.onMessage(message);
    });
    // `error` without `exit` means that the process could not be started.
    process_.on('error', (error) => {
      hooks.onOutput(`${error.message}\n`);
      if (process_.pid === undefined) died(process_, error.message);
    });
    process_.on('exit', (code, signal) => died(process_, signal === null ? `exit code ${code ?? 0}` : `signal ${signal}`));
    deliver({ type: 'open', options });
    for (const command of waiting.splice(0)) deliver(command);
    return true;
  };

  const deliver = (command: SessionCommand): void => {
    // A process that is about to be reported as dead takes no message, and one that could not be started has no channel;
    // `died` follows.
    if (child?.connected === true) child.send(command, () => undefined);
  };

  const died = (process_: ChildProcess, cause: string): void => {
    if (child !== process_) return;
    child = undefined;
    const delay = policy.next(Date.now());
    hooks.onDied({ cause, restarts: delay !== undefined });
    if (delay === undefined) return;
    starting = true;
    endPause = timers.after(delay, () => void start().then((started) => started && hooks.onRestarted()));
  };

  return {
    isStarted: () => child !== undefined || starting,
    pid: () => child?.pid,
    send: (command) => {
      if (child !== undefined) {
        deliver(command);
        return;
      }
      waiting.push(command);
      if (!starting) void start();
    },
    stop: async () => {
      generation += 1;
      endPause?.();
      starting = false;
      waiting = [];
      policy.reset();
      const process_ = child;
      child = undefined;
      if (process_ === undefined) return;
      await new Promise<void>((resolve) => {
        const timer = setTimeout(() => process_.kill('SIGKILL'), closeTimeout);
        process_.once('exit', () => {
          clearTimeout(timer);
          resolve();
        });
        if (process_.connected) process_.send({ type: 'close' } satisfies SessionCommand, () => undefined);
        if (process_.exitCode !== null || process_.signalCode !== null) resolve();
      });
    },
  };
}
