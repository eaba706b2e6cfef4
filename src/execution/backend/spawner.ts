/**
 * Starts processes from a process of its own, as a process's start costs in proportion to the memory of who starts it:
 * fork(2) copies the page tables, which took 0.5 ms from 50 MB and 8 ms from 200 MB, and holds up everything else
 * meanwhile. (See docs/decisions/0015-processes-are-started-by-a-small-one.md.)
 *
 *   none ──many starts, or `warm`──▶ starting ──ready──▶ ready
 *    ▲                                  │                  │
 *    └──────────── its process ended ───┴──────────────────┘   (its processes count as lost, and are ended)
 *
 * Until it is ready, and wherever it can't be had, the executor starts processes itself: for a few, a second Node would
 * cost more than it saves. Windows does not copy anything to start a process.
 */
import { spawn, type ChildProcessByStdio } from 'node:child_process';
import type { Readable, Writable } from 'node:stream';
import type { Backend, ProcessEnd, ProcessRequest, RunningProcess } from './backend.ts';
import { killProcessesWith } from './descendants.ts';
import { StringDecoder } from 'node:string_decoder';
import { createFrameReader, encodeFrame, encodeRequest, type Frame } from './frames.ts';
import { marksOf, signalGroup, startFailure } from './local.ts';

/** Processes that the executor starts itself before it has a spawner. */
const startedDirectly = 4;
/** So many spawners are tried: something ends them. */
const mostSpawners = 5;

export interface SpawningBackend extends Backend {
  /** Many starts, or starts that must be quick, are to come. */
  readonly warm: () => void;
  /** Resolves when the spawner has ended, and all that it started. */
  readonly close: () => Promise<void>;
}

interface Started {
  readonly request: ProcessRequest;
  pid: number;
  readonly onStarted: (running: RunningProcess) => void;
  onEnd: (end: ProcessEnd) => void;
  isStopped: boolean;
  /** Bytes of one character may come in two pieces. */
  readonly decoders: Readonly<Record<'stdout' | 'stderr', StringDecoder>>;
  /** What came together with the start, until whoever asked for it knows that it has started. */
  early: (() => void)[] | undefined;
}

interface Spawner {
  readonly child: ChildProcessByStdio<Writable, Readable, null>;
  readonly processes: Map<number, Started>;
  isReady: boolean;
}

/**
 * `commands` start a spawner (`src/python/_runweave/spawner.py` or `src/spawner.ts`): the first that gets ready is used.
 */
export function spawningBackend(direct: Backend, commands: readonly (readonly string[])[]): SpawningBackend {
  let spawner: Spawner | undefined;
  /** Which of the commands is tried. */
  let choice = 0;
  let starts = 0;
  let opened = 0;
  let isClosed = false;

  const open = (): void => {
    if (spawner !== undefined || isClosed || opened === mostSpawners || process.platform === 'win32') return;
    const [program = '', ...args] = commands[choice] ?? [];
    opened += 1;
    // A session of its own, so that an interrupt typed in the terminal is the executor's alone. (The editor's Node is an
    // Electron, which has to be told.)
    const child = spawn(program, args, { stdio: ['pipe', 'pipe', 'ignore'], detached: true, env: { ...process.env, ELECTRON_RUN_AS_NODE: '1' } });
    const own: Spawner = { child, processes: new Map(), isReady: false };
    spawner = own;
    const onGone = (): void => {
      if (spawner !== own) return;
      spawner = undefined;
      if (!own.isReady && choice + 1 < commands.length) {
        choice += 1;
        opened -= 1;
        open();
      }
      for (const [id, started] of own.processes) lose(own, id, started);
    };
    child.on('error', onGone);
    child.on('close', onGone);
    // It could not be started; where no more files can be opened, it has no streams either.
    if (child.pid === undefined) return;
    child.stdin.on('error', () => undefined);
    child.stdout.on('data', createFrameReader((frame) => receive(own, frame)));
    child.unref();
    hold(own);
  };

  const receive = (from: Spawner, { type, id, body }: Frame): void => {
    if (type === 'ready') from.isReady = true;
    const started = from.processes.get(id);
    if (started === undefined) return;
    if (type === 'started') {
      started.pid = Number(body.toString());
      announce(from, id, started);
      setImmediate(() => {
        const { early = [] } = started;
        started.early = undefined;
        for (const handOn of early) handOn();
      });
    } else if (type === 'stdout' || type === 'stderr') {
      const text = started.decoders[type].write(body);
      const handOn = (): void => started.request.onOutput(type, text);
      if (started.early === undefined) handOn();
      else started.early.push(handOn);
    } else if (type === 'ended') {
      const end = endOf(JSON.parse(body.toString()) as ToldEnd, started);
      const handOn = (): void => {
        for (const stream of ['stdout', 'stderr'] as const) {
          const rest = started.decoders[stream].end();
          if (rest !== '') started.request.onOutput(stream, rest);
        }
        from.processes.delete(id);
        hold(from);
        started.onEnd(end);
      };
      if (started.early === undefined) handOn();
      else started.early.push(handOn);
    }
  };

  const announce = (from: Spawner, id: number, started: Started, end?: ProcessEnd): void => {
    const ended = end === undefined ? new Promise<ProcessEnd>((resolve) => (started.onEnd = resolve)) : Promise.resolve(end);
    const stop = (): boolean => {
      if (started.pid === 0 || !from.processes.has(id)) return false;
      started.isStopped = true;
      from.child.stdin.write(encodeFrame('stop', id));
      return true;
    };
    started.onStarted({ pid: started.pid, ended, stop });
  };

  /** Somebody has ended the spawner: nobody would see these end. */
  const lose = (from: Spawner, id: number, started: Started): void => {
    from.processes.delete(id);
    const end: ProcessEnd = { type: 'start-failed', message: 'the process that starts tasks was ended from outside' };
    if (started.pid === 0) {
      // It may have been started all the same, just before.
      killProcessesWith(marksOf(started.request), 0);
      announce(from, id, started, end);
      return;
    }
    signalGroup(started.pid, 'SIGKILL');
    killProcessesWith(marksOf(started.request), 0);
    started.onEnd(end);
  };

  /** The executor waits for its processes, and not for a spawner that has none. */
  const hold = ({ child, processes }: Spawner): void => {
    for (const stream of [child.stdin, child.stdout] as unknown as { readonly ref: () => void; readonly unref: () => void }[]) {
      if (processes.size > 0) stream.ref();
      else stream.unref();
    }
  };

  const start: Backend['start'] = (request) => {
    starts += 1;
    if (starts > startedDirectly) open();
    const from = spawner;
    const text = from?.isReady === true ? encodeRequest(request) : undefined;
    if (from === undefined || text === undefined) return direct.start(request);
    const id = starts;
    return new Promise((resolve) => {
      from.processes.set(id, { request, pid: 0, onStarted: resolve, onEnd: () => undefined, isStopped: false, decoders: { stdout: new StringDecoder('utf8'), stderr: new StringDecoder('utf8') }, early: [] });
      hold(from);
      from.child.stdin.write(encodeFrame('start', id, text));
    });
  };

  const close = async (): Promise<void> => {
    isClosed = true;
    if (spawner?.child.pid === undefined) return;
    const { child } = spawner;
    // It is over when its output is, which may be told of after its end: until then both keep this process alive.
    child.ref();
    (child.stdout as unknown as { readonly ref: () => void }).ref();
    const closed = new Promise((resolve) => child.once('close', resolve));
    child.stdin.end();
    await closed;
  };
  return { start, warm: open, close };
}

/** As the spawner tells it. */
type ToldEnd =
  | FailedStart
  | Extract<ProcessEnd, { readonly type: 'start-failed' }>
  | (Exclude<ProcessEnd, { readonly type: 'start-failed' }> & {
      /** Whether it ran still when it was stopped. */
      readonly stopped: boolean;
    });

interface FailedStart {
  readonly type: 'start-failed';
  /** `ENOENT`. */
  readonly code: string;
}

function endOf(end: ToldEnd, { isStopped, request }: Started): ProcessEnd {
  if (end.type !== 'start-failed') {
    const { stopped, ...how } = end;
    return isStopped && !stopped ? { ...how, byItself: true } : how;
  }
  if (!('code' in end)) return end;
  return { type: 'start-failed', message: startFailure(Object.assign(new Error(`spawn ${request.command[0] ?? ''} ${end.code}`), { code: end.code }), request) };
}
