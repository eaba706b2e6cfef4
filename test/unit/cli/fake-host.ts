/** A host in memory: what is written can be read, interrupts and ticks are ours, and the session is the test's. */
import type { Host, Output } from '../../../src/cli/host.ts';
import { createStyle } from '../../../src/cli/text.ts';
import type { Problem } from '../../../src/app/preparation.ts';
import type { Session } from '../../../src/app/session.ts';
import type { LoadedGraph, OpenOptions, RunResult, SessionMessage } from '../../../src/protocol/session.ts';

export interface FakeHost extends Host {
  readonly out: () => string;
  readonly err: () => string;
  readonly interrupt: () => void;
  readonly tick: () => void;
  readonly listening: () => boolean;
}

export interface FakeHostOptions {
  readonly cwd?: string;
  readonly openSession?: Host['openSession'];
  /** A terminal of 80 columns. */
  readonly interactive?: boolean;
  readonly now?: () => number;
  readonly environment?: Host['environment'];
}

export function createFakeHost(options: FakeHostOptions = {}): FakeHost {
  const written = { out: '', err: '' };
  const interactive = options.interactive ?? false;
  const interrupts = new Set<() => void>();
  const ticks = new Set<() => void>();
  const output = (name: 'out' | 'err'): Output => ({
    write: (text) => (written[name] += text),
    interactive,
    color: false,
    style: createStyle(false),
    columns: () => (interactive ? 80 : undefined),
    rows: () => 24,
  });
  const subscribe = (listeners: Set<() => void>) => (listener: () => void) => {
    listeners.add(listener);
    return () => void listeners.delete(listener);
  };
  return {
    cwd: options.cwd ?? '/nowhere',
    environment: options.environment ?? {},
    stdout: output('out'),
    stderr: output('err'),
    now: options.now ?? (() => 0),
    openSession: options.openSession ?? (() => Promise.reject(new Error('the test has no session'))),
    onInterrupt: subscribe(interrupts),
    onTick: subscribe(ticks),
    out: () => written.out,
    err: () => written.err,
    interrupt: () => interrupts.forEach((listener) => listener()),
    tick: () => ticks.forEach((listener) => listener()),
    listening: () => interrupts.size > 0 || ticks.size > 0,
  };
}

export interface FakeSession extends Session {
  readonly options: OpenOptions;
  readonly say: (message: SessionMessage) => void;
  readonly closed: () => boolean;
  /** Ends the run that was asked for. */
  readonly finish: (result: RunResult | Problem) => void;
  /** Resolves when a run or a watch was asked for. */
  readonly asked: Promise<readonly string[]>;
}

/** A promise that the test settles; `Promise.withResolvers` is not in Node 20, which the types are of. */
export function deferred<T>(): { readonly promise: Promise<T>; readonly resolve: (value: T) => void } {
  let resolve!: (value: T) => void;
  const promise = new Promise<T>((settle) => (resolve = settle));
  return { promise, resolve };
}

/** A session that does what the test says. `close` ends a run as cancelled, as the real one does. */
export function createFakeSession(options: OpenOptions, listener: (message: SessionMessage) => void, graph: LoadedGraph, cancelled: RunResult): FakeSession {
  const result = deferred<RunResult | Problem>();
  const asked = deferred<readonly string[]>();
  let closed = false;
  return {
    options,
    say: listener,
    closed: () => closed,
    finish: result.resolve,
    asked: asked.promise,
    graph: () => graph,
    interpreter: () => Promise.resolve(undefined),
    plan: () => Promise.resolve([]),
    run({ tasks }) {
      asked.resolve(tasks);
      return result.promise;
    },
    watch(tasks) {
      asked.resolve(tasks);
      return Promise.resolve({ close: () => Promise.resolve() });
    },
    cancel: () => undefined,
    close() {
      closed = true;
      result.resolve(cancelled);
      return Promise.resolve();
    },
  };
}
