/**
 * Starts Python tasks as forks of a process that has imported already what they import (`_runweave/warm.py`), and
 * everything else as `fallback` does. A fork behaves as a fresh process; what can't be promised for one is started
 * fresh. (See docs/decisions/0014-python-tasks-fork-from-a-warm-process.md.)
 *
 *   none ──prepare──▶ loading ──ready──▶ ready ──a file it depends on changed, other imports wanted──▶ replaced by the next
 *                        │ a module can't be had in it: again, without that one
 *
 * A process serves tasks with one environment and one working directory, as an import may depend on any of it. Only the
 * variables that tell attempts apart may differ.
 *
 * Linux only: on macOS the system's frameworks do not survive a fork (the reason why Python's multiprocessing does not
 * fork there), Windows has none, and other systems show no process's environment.
 */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, constants, openSync, readlinkSync } from 'node:fs';
import { Socket } from 'node:net';
import { tmpdir } from 'node:os';
import type { Backend, ProcessRequest, RunningProcess } from './backend.ts';
import { processExists } from './descendants.ts';
import { forkedTask, type ForkedTask } from './forked-task.ts';
import { removeTemporaryLeftovers } from './temporary-leftovers.ts';

/** What a warm process is made for. */
export interface WarmProfile {
  readonly interpreter: string;
  /** Absolute path of `runweave_task.py`. */
  readonly bootstrap: string;
  /** Absolute. */
  readonly cwd: string;
  /** A task's environment; what differs from attempt to attempt does not count. */
  readonly env: Readonly<Record<string, string>>;
  /** Names of modules. */
  readonly imports: readonly string[];
  readonly isNotebook: boolean;
}

export interface WarmBackend extends Backend {
  /** Has a process ready for these soon, and ends those that are for none of them: for most profiles first, and new ones for `fewest` (1) at least. */
  readonly prepare: (profiles: readonly WarmProfile[], fewest?: number) => void;
  /** Something has changed, so that a task may be started any moment: what is to be looked at before is looked at now. */
  readonly soon: () => void;
  /** Resolves when nothing is being made ready any more. */
  readonly settled: () => Promise<void>;
  /** Why modules are not in a warm process: name → reason. Told in the note of the next task as well. */
  readonly leftOut: () => ReadonlyMap<string, string>;
  readonly close: () => void;
}

/** More take memory: one with scikit-learn has 120 MB, of which forks copy what they change. */
const mostProcesses = 2;
/** Room for what the kernel shows of a process: its arguments, and the variables that name its run and task. */
const space = 'x'.repeat(2048);
/** A module that hangs when it is imported. */
const longestLoad = 60_000;
/** All that `task/environment.ts` may set; what a package asks for of it keeps it out of the process. */
const perAttempt =
  /^(?:RUNWEAVE_(?:RUN_ID|TASK|PARAMS|PARAM_.*|LOG|PICKLES|WORKSPACE)|TRACEPARENT|OTEL_(?:SERVICE_NAME|RESOURCE_ATTRIBUTES|EXPORTER_OTLP_.*|BSP_SCHEDULE_DELAY|BLRP_SCHEDULE_DELAY)|MLFLOW_(?:TRACKING_.*|REGISTRY_URI|EXPERIMENT_NAME|EXPERIMENT_ID|RUN_ID|WORKSPACE|ENABLE_OTLP_EXPORTER|SUPPRESS_PRINTING_URL_TO_STDOUT|DISABLE_TELEMETRY))$/;

type Message =
  | { readonly type: 'ready'; readonly failed: Readonly<Record<string, string>> }
  | { readonly type: 'refused'; readonly modules: Readonly<Record<string, string>> }
  | { readonly type: 'unusable'; readonly reason: string }
  | { readonly type: 'started'; readonly id: number; readonly pid: number; readonly outputs: readonly [stdout: number, stderr: number] }
  | { readonly type: 'not-started'; readonly id: number; readonly reason: string; readonly stale: boolean }
  | { readonly type: 'ended'; readonly id: number; readonly code?: number; readonly signal?: string; readonly misfit?: string };

/** Sources of tasks (files, or `module:function`) that a module which was loaded ahead did not fit: they start in fresh processes. */
export interface Misfits {
  /** Which, and how: `numpy is imported after OMP_NUM_THREADS was set`. */
  readonly of: (source: string) => string | undefined;
  readonly set: (source: string, reason: string) => void;
}

interface Warm {
  readonly key: string;
  readonly imports: readonly string[];
  readonly child: ChildProcess;
  readonly control: Socket;
  readonly tasks: Map<number, ForkedTask>;
  /** Of the same tasks. */
  readonly sources: Map<number, string>;
  state: 'loading' | 'ready' | 'stale' | 'gone';
}

/** Whether Python tasks with this environment may start warm: `RUNWEAVE_WARM=off` says no. */
export function mayBeWarm(env: Readonly<Record<string, string | undefined>>): boolean {
  return process.platform === 'linux' && env['RUNWEAVE_WARM'] !== 'off';
}

export function warmBackend(fallback: Backend, misfits: Misfits = inMemory()): WarmBackend {
  const ready = new Map<string, Warm>();
  const all = new Set<Warm>();
  const leftOut = new Map<string, string>();
  const told = new Set<string>();
  /** For the next task that is started. */
  let notes: readonly string[] = [];
  let wanted: readonly (readonly [key: string, profile: WarmProfile])[] = [];
  let loading: Promise<void> | undefined;
  let isTidy = false;
  let unusable = false;
  let isClosed = false;
  let lastId = 0;

  const prepare: WarmBackend['prepare'] = (profiles, fewest = 1) => {
    if (isClosed || unusable) return;
    wanted = mostWanted(profiles.filter((profile) => mayBeWarm(profile.env)), (key, count) => count >= fewest || ready.has(key));
    for (const [key, warm] of ready) if (!wanted.some(([other]) => other === key)) end(warm);
    loading ??= loadAll().finally(() => (loading = undefined));
  };

  const soon = (): void => {
    for (const warm of ready.values()) send(warm, { type: 'look' });
  };

  /** Each thing once: it is so for all that follows. */
  const tell = (note: string): void => {
    if (told.has(note)) return;
    told.add(note);
    notes = [...notes, note];
  };

  const leaveOut = (modules: Readonly<Record<string, string>>): void => {
    for (const [name, reason] of Object.entries(modules)) {
      leftOut.set(name, reason);
      // What is not installed is the task's to say, if it needs it.
      if (reason.startsWith('ModuleNotFoundError')) continue;
      // One package may have a dozen modules that tasks import, and that do the same.
      const alike = `${name.split('.')[0] ?? name}: ${reason}`;
      if (told.has(alike)) continue;
      told.add(alike);
      tell(`${name} is not loaded ahead of the tasks that import it: ${reason}`);
    }
  };

  const giveUp = (reason: string): void => {
    unusable = true;
    leftOut.set('*', reason);
    tell(`Python tasks start in fresh processes: ${reason}`);
  };

  /** One after the other: an import takes a core. */
  const loadAll = async (): Promise<void> => {
    for (;;) {
      const next = wanted.find(([key, { imports }]) => {
        const warm = ready.get(key);
        return warm?.state !== 'ready' || imports.some((name) => !leftOut.has(name) && !warm.imports.includes(name));
      });
      if (isClosed || unusable) return;
      if (next === undefined) {
        for (const warm of ready.values()) send(warm, { type: 'ahead' });
        return;
      }
      const [key, profile] = next;
      const warm = await load(key, { ...profile, imports: profile.imports.filter((name) => !leftOut.has(name)) });
      if (warm === undefined) continue;
      const before = ready.get(key);
      ready.set(key, warm);
      if (before !== undefined) end(before);
    }
  };

  /** A process that is ready, or `undefined`: then what was in its way is left out from now on. */
  const load = async (key: string, { interpreter, bootstrap, cwd, env, imports, isNotebook }: WarmProfile): Promise<Warm | undefined> => {
    if (!isTidy) removeTemporaryLeftovers(tmpdir(), processExists);
    isTidy = true;
    const shared = Object.fromEntries(Object.entries(env).filter(([name]) => !perAttempt.test(name)));
    let child: ChildProcess;
    try {
      child = spawn(interpreter, [bootstrap, 'warm', space], {
        cwd,
        env: { ...shared, RUNWEAVE_WARM_SPACE: space },
        detached: true,
        // The standard streams are of the kinds that a task has, as Python decides at its start how to write to them.
        stdio: ['ignore', 'pipe', 'pipe', 'pipe'],
      });
      // Then it has no streams either, where no more files can be opened.
      if (child.pid === undefined) throw ((await once(child, 'error')) as [Error])[0];
    } catch (error) {
      giveUp(`the process that loads their packages could not be started: ${(error as Error).message}`);
      return undefined;
    }
    const control = child.stdio[3] as Socket;
    const warm: Warm = { key, imports, child, control, tasks: new Map(), sources: new Map(), state: 'loading' };
    all.add(warm);
    let problem = '';
    child.stdout?.resume();
    child.stderr?.setEncoding('utf8').on('data', (text: string) => (problem = (problem + text).slice(-1000)));
    for (const each of [child, control, child.stdout, child.stderr] as readonly { readonly unref: () => void }[]) each.unref();
    return new Promise((resolve) => {
      const timer = setTimeout(() => child.kill('SIGKILL'), longestLoad).unref();
      const settle = (result: Warm | undefined): void => {
        clearTimeout(timer);
        resolve(result);
      };
      const gone = (): void => {
        if (warm.state === 'loading') {
          // It crashed, or hung: with which import is not known.
          giveUp(lastLine(problem) ?? 'the process that loads their packages has ended');
        }
        onGone(warm, lastLine(problem));
        settle(undefined);
      };
      child.on('error', gone);
      control.on('error', () => undefined);
      control.on('close', gone);
      control.setEncoding('utf8');
      let rest = '';
      control.on('data', (text: string) => {
        const lines = (rest + text).split('\n');
        rest = lines.pop() ?? '';
        for (const line of lines) {
          const message = JSON.parse(line) as Message;
          if (message.type === 'ready' && !showsDescriptors(warm)) {
            giveUp('this system does not show the open files of a process');
            warm.state = 'gone';
            control.end();
          } else if (message.type === 'ready') {
            leaveOut(message.failed);
            warm.state = 'ready';
            settle(warm);
          } else if (message.type === 'refused') {
            leaveOut(message.modules);
            warm.state = 'gone';
          } else if (message.type === 'unusable') {
            giveUp(message.reason);
            warm.state = 'gone';
          } else onTaskMessage(warm, message);
        }
      });
      send(warm, { preload: imports, isNotebook, workspace: env['RUNWEAVE_WORKSPACE'] ?? cwd, perAttempt: perAttempt.source });
    });
  };

  const onTaskMessage = (warm: Warm, message: Extract<Message, { readonly id: number }>): void => {
    const task = warm.tasks.get(message.id);
    if (task === undefined) return;
    if (message.type === 'started') {
      task.started(message.pid, pipesOf(warm, message.outputs));
      send(warm, { type: 'opened', id: message.id });
    } else if (message.type === 'not-started') {
      forget(warm, message.id);
      if (message.stale) retire(warm);
      task.notStarted(message.reason);
    } else {
      if (message.misfit !== undefined) misfits.set(warm.sources.get(message.id) ?? '', message.misfit);
      task.ended(message.signal === undefined ? { type: 'exit', code: message.code ?? 0 } : { type: 'signal', signal: message.signal });
      forget(warm, message.id);
      // It kept the process's id from being given out again until what it left behind was ended.
      send(warm, { type: 'reap', id: message.id });
    }
  };

  /** What it has loaded is no longer what an import would give. */
  const retire = (warm: Warm): void => {
    warm.state = 'stale';
    if (ready.get(warm.key) === warm) ready.delete(warm.key);
    end(warm);
  };

  const end = (warm: Warm): void => {
    if (ready.get(warm.key) === warm) ready.delete(warm.key);
    if (warm.state !== 'gone') warm.state = 'stale';
    if (warm.tasks.size === 0) send(warm, { type: 'end' });
  };

  const forget = (warm: Warm, id: number): void => {
    warm.tasks.delete(id);
    warm.sources.delete(id);
    if (warm.tasks.size > 0) return;
    warm.control.unref();
    // After what is still to be said of this task.
    if (warm.state === 'stale') setImmediate(() => send(warm, { type: 'end' }));
  };

  const onGone = (warm: Warm, problem: string | undefined): void => {
    if (warm.state === 'ready' && !isClosed) tell(`the process that had loaded the packages of Python tasks ${problem === undefined ? 'was ended from outside' : `has failed: ${problem}`}`);
    warm.state = 'gone';
    all.delete(warm);
    if (ready.get(warm.key) === warm) ready.delete(warm.key);
    for (const [id, task] of warm.tasks) {
      warm.tasks.delete(id);
      // Of one that was started nobody is told how it ends.
      if (!task.hasStarted()) task.lost('the warm process has ended');
      else task.ended({ type: 'start-failed', message: 'the process that had started the task was ended from outside' });
    }
  };

  const start: Backend['start'] = async (request) => {
    const [interpreter = '', bootstrap = '', kind] = request.command;
    const isWanted = wanted.some(([, profile]) => profile.interpreter === interpreter && profile.bootstrap === bootstrap);
    const key = isWanted && mayBeWarm(request.env) ? keyOf({ interpreter, bootstrap, cwd: request.cwd, env: request.env, isNotebook: kind === 'notebook' }) : undefined;
    if (key === undefined || !wanted.some(([other]) => other === key)) return fallback.start(request);
    const warm = ready.get(key);
    const misfit = misfits.of(sourceOf(request));
    const forked = warm?.state === 'ready' ? (misfit ?? (await fork(warm, request))) : undefined;
    if (typeof forked === 'string') tell(`started in a fresh process: ${forked}`);
    const running = typeof forked === 'object' ? forked : await fallback.start(request);
    if (notes.length === 0) return running;
    const note = notes.join('; ');
    notes = [];
    return { ...running, note };
  };

  /** The task's process, or why there is none. */
  const fork = (warm: Warm, request: ProcessRequest): Promise<RunningProcess | string> => new Promise((resolve) => {
    const id = (lastId += 1);
    warm.tasks.set(id, forkedTask(request, resolve));
    warm.sources.set(id, sourceOf(request));
    warm.control.ref();
    send(warm, { type: 'start', id, command: request.command, cwd: request.cwd, env: request.env });
  });

  const close = (): void => {
    isClosed = true;
    for (const warm of all) warm.control.end();
  };
  return { start, prepare, soon, settled: async () => loading, leftOut: () => leftOut, close };
}

/** As `Misfits` has it: the third argument of the bootstrap. */
function sourceOf({ command }: ProcessRequest): string {
  return command[3] ?? '';
}

function inMemory(): Misfits {
  const known = new Map<string, string>();
  return { of: (source) => known.get(source), set: (source, reason) => void known.set(source, reason) };
}

function lastLine(text: string): string | undefined {
  const line = text.trim().split('\n').at(-1);
  return line === '' ? undefined : line;
}

/** A container may hide them. (proc(5)) */
function showsDescriptors({ child }: Warm): boolean {
  try {
    readlinkSync(`/proc/${child.pid}/fd/1`);
    return true;
  } catch {
    return false;
  }
}

/** The ends to be read of pipes that the process has, or why not: Node makes no pipes, and what it makes, sockets, can't be opened as `/dev/stdout`. */
function pipesOf({ child }: Warm, descriptors: readonly number[]): readonly Socket[] | string {
  const opened: number[] = [];
  try {
    for (const each of descriptors) opened.push(openSync(`/proc/${child.pid}/fd/${each}`, constants.O_RDONLY | constants.O_NONBLOCK));
    return opened.map((fd) => new Socket({ fd, readable: true, writable: false }));
  } catch (error) {
    for (const each of opened) closeSync(each);
    return (error as Error).message;
  }
}

function send(warm: Warm, message: object): void {
  warm.control.write(`${JSON.stringify(message)}\n`);
}

/** Everything on which an import may depend: also on being in a kernel. */
function keyOf({ interpreter, bootstrap, cwd, env, isNotebook }: Omit<WarmProfile, 'imports'>): string {
  const shared = Object.entries(env).filter(([name]) => !perAttempt.test(name));
  return JSON.stringify([interpreter, bootstrap, cwd, isNotebook, shared.sort(([a], [b]) => (a < b ? -1 : 1))]);
}

/** One profile a key with the imports of all, those first that most are for, of those that are worth it. */
function mostWanted(profiles: readonly WarmProfile[], isWorthIt: (key: string, count: number) => boolean): readonly (readonly [string, WarmProfile])[] {
  const byKey = new Map<string, WarmProfile[]>();
  for (const profile of profiles) {
    const key = keyOf(profile);
    byKey.set(key, [...(byKey.get(key) ?? []), profile]);
  }
  return [...byKey]
    .filter(([key, { length }]) => isWorthIt(key, length))
    .sort(([, a], [, b]) => b.length - a.length)
    .slice(0, mostProcesses)
    .flatMap(([key, [first, ...others]]) => (first === undefined ? [] : [[key, merged(first, others)] as const]));
}

function merged(first: WarmProfile, others: readonly WarmProfile[]): WarmProfile {
  return { ...first, imports: [...new Set([first, ...others].flatMap((each) => each.imports))] };
}
