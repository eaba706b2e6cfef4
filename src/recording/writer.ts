/**
 * Who writes an event log or holds a lock, so that what a dead process left can be told from what is in use.
 *
 * A process id alone is reused, in containers at once. On Linux the process's start time and the boot make it unique;
 * elsewhere it is the id alone. And it means something in its own PID namespace only: a container, or an editor in a
 * sandbox, may have this host's name and share the folder. Its processes can't be asked about, so whoever holds a lock
 * touches it now and then. A log from another host (a shared or copied folder) counts as in use for a day after it was
 * last written to.
 */
import { closeSync, futimesSync, openSync, readdirSync, readFileSync, readlinkSync, readSync, statSync } from 'node:fs';
import { hostname } from 'node:os';
import path from 'node:path';

const patience = 24 * 60 * 60 * 1000;
/** How often who holds a lock touches it, and for how long others wait for that, in milliseconds. */
const touchInterval = 5000;
export const longestUntouched = 30_000;

export const lockSuffix = '.lock';

export interface ProcessIdentity {
  readonly pid: number;
  readonly host: string;
  /** Clock ticks since the boot, from `/proc`. */
  readonly startTime?: string;
  readonly boot?: string;
  /** `pid:[4026531836]`; absent in what earlier versions wrote, and where there is none. */
  readonly pidNamespace?: string;
}

interface Writer extends ProcessIdentity {
  readonly type: 'writer';
}

/** This process. */
export function describeProcess(): ProcessIdentity {
  if (self === undefined) {
    const startTime = processStartTime(process.pid);
    const boot = bootId();
    const pidNamespace = namespaceOf();
    self = { pid: process.pid, host: hostname(), ...(startTime !== undefined && { startTime }), ...(boot !== undefined && { boot }), ...(pidNamespace !== undefined && { pidNamespace }) };
  }
  return self;
}
let self: ProcessIdentity | undefined;

/** This process, for the first line of a log. */
export function describeWriter(): Writer {
  return { type: 'writer', ...describeProcess() };
}

/** `unknown` of a process in another PID namespace of this host. */
type Life = 'runs' | 'gone' | 'unknown' | 'other-host';

export function lifeOf({ pid, host, startTime, boot, pidNamespace }: ProcessIdentity): Life {
  const own = describeProcess();
  if (host !== own.host) return 'other-host';
  if (boot !== undefined && boot !== own.boot) return 'gone';
  if (pidNamespace !== undefined && own.pidNamespace !== undefined && pidNamespace !== own.pidNamespace) return 'unknown';
  if (!isRunning(pid)) return 'gone';
  const stat = readStat(pid);
  if (hasEnded(stat)) return 'gone';
  const now = startTimeIn(stat);
  return startTime === undefined || now === undefined || startTime === now ? 'runs' : 'gone';
}

/** Of another host nothing is known, so its lock holds until somebody removes it. */
export function holderIsAlive(lock: string, holder: ProcessIdentity): boolean {
  const life = lifeOf(holder);
  return life === 'unknown' ? wasTouched(lock) : life !== 'gone';
}

/** Keeps a lock that this process holds from looking abandoned, and nobody else's; returns what ends that. */
export function keepTouched(lock: string): () => void {
  const timer = setInterval(() => {
    try {
      // The file that was read is the one that is touched, whatever has its name by then.
      const descriptor = openSync(lock, 'r+');
      try {
        const holder = identityIn(descriptor);
        if (holder !== undefined && isSame(holder, describeProcess())) futimesSync(descriptor, new Date(), new Date());
      } finally {
        closeSync(descriptor);
      }
    } catch {
      // Somebody has removed it.
    }
  }, touchInterval).unref();
  return () => clearInterval(timer);
}

function wasTouched(lock: string): boolean {
  const touched = statSync(lock, { throwIfNoEntry: false })?.mtimeMs;
  return touched !== undefined && Date.now() - touched < longestUntouched;
}

/**
 * Whether the process that writes this event log still runs. A log without a readable first line has no writer; one that
 * is empty has just been opened, or there was no room, and is that of whoever else is at work here.
 */
export function writerIsAlive(logPath: string): boolean {
  const writer = readWriter(logPath);
  if (writer === undefined) return statSync(logPath, { throwIfNoEntry: false })?.size === 0 && isHeldByOthers(path.dirname(logPath));
  const life = lifeOf(writer);
  if (life === 'other-host') return Date.now() - statSync(logPath).mtimeMs < patience;
  return life === 'unknown' ? holdsLock(path.dirname(logPath), writer) : life === 'runs';
}

/** Who writes a log holds a lock beside it. */
function holdsLock(live: string, writer: Writer): boolean {
  return locksIn(live).some(({ lock, holder }) => isSame(holder, writer) && wasTouched(lock));
}

function isHeldByOthers(live: string): boolean {
  return locksIn(live).some(({ lock, holder }) => !isSame(holder, describeProcess()) && holderIsAlive(lock, holder));
}

function locksIn(live: string): readonly { readonly lock: string; readonly holder: ProcessIdentity }[] {
  return readdirSync(live).flatMap((name) => {
    const lock = path.join(live, name);
    const holder = name.endsWith(lockSuffix) ? readIdentity(lock) : undefined;
    return holder === undefined ? [] : [{ lock, holder }];
  });
}

function isSame(one: ProcessIdentity, other: ProcessIdentity): boolean {
  return one.pid === other.pid && one.startTime === other.startTime && one.pidNamespace === other.pidNamespace;
}

function readWriter(logPath: string): Writer | undefined {
  const writer = readIdentity(logPath) as Partial<Writer> | undefined;
  return writer?.type === 'writer' ? (writer as Writer) : undefined;
}

/** Of the first line of a log, or of a lock; `undefined` where there is none. */
export function readIdentity(file: string): ProcessIdentity | undefined {
  try {
    const descriptor = openSync(file, 'r');
    try {
      return identityIn(descriptor);
    } finally {
      closeSync(descriptor);
    }
  } catch {
    return undefined;
  }
}

function identityIn(descriptor: number): ProcessIdentity | undefined {
  const buffer = Buffer.alloc(4096);
  return parseIdentity(buffer.toString('utf8', 0, readSync(descriptor, buffer)));
}

/** Of a text that begins with it, in a line of its own. */
export function parseIdentity(text: string): ProcessIdentity | undefined {
  try {
    const found = JSON.parse(text.split('\n', 1)[0] ?? '') as Partial<ProcessIdentity> | null;
    return Number.isSafeInteger(found?.pid) && (found?.pid ?? 0) > 0 && typeof found?.host === 'string' ? (found as ProcessIdentity) : undefined;
  } catch {
    return undefined;
  }
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

/** Clock ticks since the boot; `undefined` where there is no `/proc`. */
export function processStartTime(pid: number): string | undefined {
  return startTimeIn(readStat(pid));
}

/** Fields of `/proc/<pid>/stat` from the third on (proc_pid_stat(5)); the command in the second may hold spaces and parentheses. */
function readStat(pid: number): readonly string[] {
  const stat = readProc(`/proc/${pid}/stat`);
  return stat === undefined ? [] : stat.slice(stat.lastIndexOf(')') + 2).split(' ');
}

function startTimeIn(stat: readonly string[]): string | undefined {
  return stat[19];
}

/**
 * A process keeps its id until its parent asks how it ended, which the first process of a container may never do. Of one
 * with other threads, these may be at work still.
 */
function hasEnded([state = '', ...rest]: readonly string[]): boolean {
  return (state === 'Z' || state === 'X') && Number(rest[16]) <= 1;
}

function bootId(): string | undefined {
  return readProc('/proc/sys/kernel/random/boot_id')?.trim();
}

/** pid_namespaces(7) */
function namespaceOf(): string | undefined {
  try {
    return readlinkSync('/proc/self/ns/pid');
  } catch {
    return undefined;
  }
}

function readProc(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return undefined;
  }
}
