/**
 * One attempt at a task, from its process's start to its end, told as events.
 *
 *   starting ──▶ running ──exit 0──▶ success ──declared output missing, or a check fails──▶ failure
 *                  │ └────exit ≠ 0──▶ failure
 *                  ├── time is up ──▶ timeout        (the tree is ended first)
 *                  └── cancelled ───▶ cancellation   (likewise)
 *   starting ──could not start──▶ error
 */
import { hash } from 'node:crypto';
import { existsSync, mkdirSync, renameSync, rmSync, unlinkSync, writeFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import path from 'node:path';
import { evaluate, measuring, type Check, type CheckResult } from '../model/check.ts';
import type { PackageVersions } from '../model/fingerprint.ts';
import type { JsonObject } from '../model/json.ts';
import { describePickle, pickleMediaType, type PickledReturn, type PickledReturns } from '../model/pickled-return.ts';
import type { Task, TaskId } from '../model/pipeline.ts';
import { logText, seriesName, type Report, type ReportedLog } from '../model/reported.ts';
import type { EventOf, Outcome, RecordedFailure, RunEvent, RunId, SpanId, TaskWarning, TraceId } from '../model/run-event.ts';
import type { Clock, UnixNano } from '../model/time.ts';
import { jsonText, keyFrom, plainJson, writtenKey } from '../model/whole-float.ts';
import type { FileDigests } from '../fingerprint/file-digests.ts';
import type { Backend, ProcessEnd, RunningProcess } from './backend/backend.ts';
import { followLog, lineLimit, type FollowedLog } from './follow-log.ts';
import { collectObserved, type Observed } from './observed.ts';
import { variablesOf } from './backend/descendants.ts';
import { limitOutput } from './output-limit.ts';
import { paramVariable, taskEnvironment, type PickleFile } from './task/environment.ts';
import { shellCommand } from './task/command.ts';
import { parseTaskLogLine, type TaskLogEntry } from './task/task-log.ts';
import { trackedName, trackVariables, usesTracking, withTracking } from './task/tracked-variables.ts';

/** Output is handed on in pieces, not for every write of the task. */
const outputInterval = 25;
const outputPiece = 64 * 1024;
/** How often the environments of a shell task's processes are looked at, in milliseconds. */
const trackInterval = 50;
/** Characters of a check's command in its failure's message. */
const longestTold = 500;
/** What is kept of a task's last output for its failure's message. */
const tailLength = 2000;
/** Lines of RUNWEAVE_LOG that were not understood are told one by one up to here. */
const toldLines = 20;
/** Different warnings of one attempt that are recorded. */
const mostWarnings = 200;

export interface AttemptRequest {
  readonly task: Task;
  readonly number: number;
  readonly cause: EventOf<'attempt-started'>['cause'];
  readonly command: readonly string[];
  readonly params: JsonObject;
  /** Those of `params` that are pickled objects, with the files that hold them; in `params` stands the path. */
  readonly pickles: readonly PickleFile[];
  readonly runId: RunId;
  readonly traceId: TraceId;
  readonly spanId: SpanId;
  /** Absolute path of the pipeline's folder. */
  readonly folder: string;
  readonly workspace: string;
  /**
   * What the names of the attempt's own files begin with, absolute; they are removed afterwards. Not a folder for each:
   * to make and remove one takes up to half of what the start of a process takes.
   */
  readonly scratch: string;
  readonly pythonPath: string;
  readonly inherited: Readonly<Record<string, string | undefined>>;
  readonly signal: AbortSignal;
  /** Called once its last process has ended well, where nothing is left that could make it fail; what it sent is still taken in. */
  readonly onExit?: () => void;
}

/** Where the task's programs can report to while it runs. */
export interface ReportChannel {
  readonly url: string;
  /** Worth something for this attempt alone, and until it is closed. */
  readonly token: string;
  readonly experiment: string;
  /** What is under way is still heard. */
  readonly close: () => Promise<void>;
}

export interface AttemptContext {
  readonly backend: Backend;
  readonly clock: Clock;
  readonly emit: (event: RunEvent) => void;
  /** Absent where nothing can be reported but by `RUNWEAVE_LOG`. Rejects when there can be no such channel now. */
  readonly openChannel?: (attempt: Pick<AttemptRequest, 'task' | 'number' | 'spanId' | 'scratch'>, report: (report: Report) => void) => ReportChannel | Promise<ReportChannel>;
  readonly digests: FileDigests;
  /** Installed modules that the task's own code imported, at its end. */
  readonly onImported?: (modules: readonly string[]) => void;
  readonly storeArtifact: (file: string, name: string, mediaType: string | undefined, inlineLimit?: number) => Promise<Pick<EventOf<'artifact'>, 'name' | 'mediaType' | 'size' | 'digest' | 'content'>>;
}

export interface AttemptResult {
  readonly outcome: Exclude<Outcome, 'skip'>;
  readonly failure?: RecordedFailure;
  readonly returns: JsonObject;
  /** Absent: none. */
  readonly pickles?: PickledReturns;
  readonly observed: Observed;
}

export async function runAttempt(request: AttemptRequest, context: AttemptContext): Promise<AttemptResult> {
  const { task, folder } = request;
  const { emit, clock } = context;
  const of = { task: task.id, attempt: request.number } as const;
  const cwd = path.resolve(folder, task.cwd);
  const logFile = `${request.scratch}.log.jsonl`;
  const limit = limitOutput<UnixNano>(({ log, ...piece }) => emit(log === undefined ? { type: 'output', ...of, ...piece } : { type: 'log', ...of, time: clock.now(), log }));
  const output = collectOutput((stream, text) => limit.add({ stream, text, time: clock.now() }));
  const reports = collectReports(request, context, of, cwd, (log) => limit.add({ stream: 'stderr', text: logText(log), time: log.time, log }));
  const channel = await openChannel(request, context, reports);
  const startTime = clock.now();
  let log: FollowedLog | undefined;
  let process: RunningProcess;
  let paramsFile = '';
  let notInEnvironment: readonly string[] = [];
  let isTracked = false;
  let begin: (command: readonly string[]) => Promise<RunningProcess> = () => Promise.reject(new Error('the attempt could not be prepared'));
  const [first = { command: request.command }, ...later] = programsOf(task, request.command);
  try {
    const files = path.dirname(request.scratch);
    // Names in one order, as a task can see it: that of the file does not count.
    paramsFile = writeShared(files, 'params', jsonText(Object.fromEntries(Object.entries(request.params).sort(([a], [b]) => (a < b ? -1 : 1)))));
    const picklesFile = request.pickles.length === 0 ? undefined : writeShared(files, 'pickles', JSON.stringify(request.pickles.map(asWritten)));
    // A shell task makes its log by appending to it; most make none. What observes Python never makes it, so that a
    // process that outlives its task is not heard.
    if (task.source.kind !== 'shell') writeFileSync(logFile, '', { mode: 0o600 });
    log = followLog(logFile, {
      onLine: (line) => {
        const entry = parseTaskLogLine(line, cwd);
        if (entry !== undefined) reports.add(entry);
      },
      onLongLine: (line, length) => reports.add({ type: 'invalid', line: `${line}…`, message: `it has ${length} characters, and only lines of up to ${lineLimit} (32 MiB) are read: log a file as an artifact` }),
      onProblem: (problem) => reports.warn(`what the task reported by RUNWEAVE_LOG could not be read and is not recorded: ${problem}. Append to that file, and leave it readable`),
    });
    const env = taskEnvironment({ ...request, paramsFile, picklesFile, logFile, reporting: channel });
    // A shell makes an empty text of a variable that is not there; Python has the helper, and an exception.
    if (task.source.kind === 'shell') notInEnvironment = Object.keys(request.params).filter((name) => env[paramVariable(name)] === undefined);
    isTracked = usesTracking(task, folder);
    begin = async (command) => context.backend.start({ ...(isTracked ? withTracking(command, env, request.pythonPath) : { command, env }), cwd, onOutput: output.add });
    process = await begin(first.command);
  } catch (error) {
    process = notStarted(error as Error);
  }
  emit({ type: 'attempt-started', ...of, time: startTime, spanId: request.spanId, cause: request.cause, command: request.command, cwd: task.cwd, pid: process.pid, ...(process.note !== undefined && { note: process.note }) });
  for (const name of notInEnvironment) reports.warn(`there is no ${paramVariable(name)}: the value is too long for the environment, or has a NUL character in it. It is in the JSON file that $RUNWEAVE_PARAMS names`);

  /** A process keeps the environment that it was started with, so that each says a value once. */
  const said = new Set<string>();
  const lookAtVariables = (): void => {
    for (const { pid, name, value } of variablesOf([`RUNWEAVE_RUN_ID=${request.runId}`, `RUNWEAVE_TASK=${task.id}`], process.pid, trackedName)) {
      const saying = `${pid} ${name}=${value}`;
      if (!said.has(saying)) reports.add({ type: 'tracked', name, value });
      said.add(saying);
    }
  };
  const looking = isTracked ? setInterval(lookAtVariables, trackInterval) : undefined;
  let stoppedBy: 'timeout' | 'cancellation' | undefined;
  const stopFor = (why: 'timeout' | 'cancellation'): void => {
    if (process.stop()) stoppedBy ??= why;
  };
  const endOfProcess = async (): Promise<ProcessEnd> => {
    const end = await process.ended;
    if (end.type !== 'start-failed' && end.byItself === true) stoppedBy = undefined;
    return end;
  };
  let timedOut = false;
  const timer =
    task.timeout === undefined
      ? undefined
      : setTimeout(() => {
          timedOut = true;
          // After what came in while this process was busy: the end of the task may be among it.
          setImmediate(() => stopFor('timeout'));
        }, task.timeout);
  const onAbort = (): void => stopFor('cancellation');
  if (request.signal.aborted) onAbort();
  else request.signal.addEventListener('abort', onAbort, { once: true });

  const checks: CheckResult[] = [];
  const toStop = (): 'timeout' | 'cancellation' | undefined => (timedOut ? 'timeout' : request.signal.aborted ? 'cancellation' : undefined);
  const isOver = (): boolean => stoppedBy !== undefined;
  let end = await endOfProcess();
  let check = first.check;
  for (const next of [...later, undefined]) {
    const isDone = end.type === 'exit' && end.code === 0 && !isOver();
    if (check !== undefined && !isOver()) checks.push({ type: check.type, check: check.command, outcome: isDone ? 'success' : 'failure', ...(!isDone && { found: endText(end) }) });
    if (!isDone || next === undefined) break;
    check = next.check;
    process = await begin(next.command).catch(notStarted);
    // Asked for while nothing ran.
    const asked = toStop();
    if (asked !== undefined) stopFor(asked);
    end = await endOfProcess();
  }
  clearTimeout(timer);
  clearInterval(looking);
  request.signal.removeEventListener('abort', onAbort);
  // What it says in its log is taken in first: files that it names there may be the next task's to write.
  if (end.type === 'exit' && end.code === 0 && !isOver() && log?.isThere() !== true && !task.checks.some(({ type }) => type === 'condition')) request.onExit?.();
  await channel?.close();
  output.flush();
  limit.end();
  const hasLog = await log?.close();
  await reports.settled();
  if (hasLog === true) removeScratch(logFile);
  const observed = reports.observed();
  if (reports.hasObserved()) {
    context.onImported?.(reports.imported());
    const { modules, read, written, packages } = observed;
    emit({ type: 'observed', ...of, time: clock.now(), modules, read, written, packages: Object.assign({}, ...Object.values(packages)) as PackageVersions });
  }

  const warnings = reports.warnings();
  if (warnings.length > 0) emit({ type: 'warned', ...of, time: clock.now(), warnings });

  const ended = outcomeOf(end, stoppedBy, task, reports.exception(), output.tail());
  if (ended.outcome === 'success') checks.push(...task.checks.flatMap((each) => (each.type === 'condition' ? [evaluate(each, reports.reported())] : [])));
  if (checks.length > 0) emit({ type: 'checked', ...of, time: clock.now(), checks });
  const refused = ended.outcome === 'success' || check !== undefined ? (reports.notKept() ?? failureOf(checks, output.tail())) : undefined;
  const { outcome, failure } = refused === undefined || ended.outcome === 'timeout' || ended.outcome === 'cancellation' ? ended : { outcome: 'failure' as const, failure: refused };
  emit({
    type: 'attempt-ended',
    ...of,
    time: clock.now(),
    outcome,
    ...(end.type === 'exit' && { exitCode: end.code }),
    ...(end.type === 'signal' && { signal: end.signal }),
    ...(failure !== undefined && { failure }),
  });
  const pickles = reports.pickles();
  return { outcome, ...(failure !== undefined && { failure }), returns: reports.returns(), ...(Object.keys(pickles).length > 0 && { pickles }), observed };
}

interface Program {
  readonly command: readonly string[];
  /** The check that it is; absent: the task itself. */
  readonly check?: Exclude<Check, { readonly type: 'condition' }>;
}

/** What is started one after the other, each if the one before succeeded. */
function programsOf({ checks }: Task, command: readonly string[]): readonly Program[] {
  const of = (type: 'before' | 'after'): readonly Program[] => checks.flatMap((check) => (check.type === type ? [{ command: shellCommand(check.command), check }] : []));
  return [...of('before'), { command }, ...of('after')];
}

/** A full disk, or no right to write: the task's own failure, not the run's. */
function notStarted({ message }: Error): RunningProcess {
  return { pid: 0, ended: Promise.resolve({ type: 'start-failed', message }), stop: () => false };
}

function endText(end: ProcessEnd): string {
  return end.type === 'exit' ? `exited with code ${end.code}` : end.type === 'signal' ? `ended by ${end.signal}` : end.message;
}

function failureOf(checks: readonly CheckResult[], tail: string): RecordedFailure | undefined {
  const failed = checks.filter(({ outcome }) => outcome === 'failure');
  if (failed.length === 0) return undefined;
  const message = failed.map(({ type, check, found = '' }) => (type === 'condition' ? `${check}: ${found}` : `the command ${type} the task ${found}: ${check.length > longestTold ? `${check.slice(0, longestTold)}…` : check}`)).join('; ');
  const isCommand = failed.some(({ type }) => type !== 'condition');
  return { type: 'check-failed', message: `${failed.length === 1 ? 'a check' : `${failed.length} checks`} failed: ${message}`, ...(isCommand && tail !== '' && { stacktrace: tail }) };
}

/**
 * The file with this JSON, which tasks with the same share until the run's end: to make and remove a file for each
 * attempt takes the file system ever longer (ext4 looks through the inodes that were freed lately).
 */
function writeShared(folder: string, name: string, text: string): string {
  const file = path.join(folder, `${name}-${hash('sha256', text, 'hex').slice(0, 32)}.json`);
  if (existsSync(file)) return file;
  makeScratch(folder);
  // Whole under its name at once, and not to be written to.
  try {
    writeFileSync(`${file}.tmp`, text, { mode: 0o400 });
    renameSync(`${file}.tmp`, file);
  } catch (error) {
    // It may not be written to the next time either.
    rmSync(`${file}.tmp`, { force: true });
    throw error;
  }
  return file;
}

/** With its place in the file of the params. */
function asWritten(pickle: PickleFile): PickleFile {
  return { ...pickle, at: pickle.at.map((key) => (typeof key === 'string' ? writtenKey(key) : key)) };
}

/** Parameters, and what the task logs, are for nobody else on this machine. */
function makeScratch(folder: string): void {
  try {
    mkdirSync(folder, { mode: 0o700 });
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'EEXIST') return;
    if (code !== 'ENOENT') throw error;
    mkdirSync(path.dirname(folder), { recursive: true });
    mkdirSync(folder, { mode: 0o700 });
  }
}

/** Without it the task runs all the same: most report nothing by it. */
async function openChannel(request: AttemptRequest, context: AttemptContext, reports: { readonly report: (report: Report) => void; readonly warn: (text: string) => void }): Promise<ReportChannel | undefined> {
  try {
    return await context.openChannel?.(request, reports.report);
  } catch (error) {
    reports.warn(`there is no collector for OpenTelemetry and MLflow: ${(error as Error).message}`);
    return undefined;
  }
}

/** What is still held open (on Windows) stays until the run's end. */
function removeScratch(file: string): void {
  try {
    unlinkSync(file);
  } catch {
    // The outcome of the task does not depend on it.
  }
}

function outcomeOf(
  end: ProcessEnd,
  stoppedBy: 'timeout' | 'cancellation' | undefined,
  task: Task,
  exception: RecordedFailure | undefined,
  tail: string,
): { readonly outcome: Exclude<Outcome, 'skip'>; readonly failure?: RecordedFailure } {
  if (end.type === 'exit' && end.code === 0 && stoppedBy === undefined) return { outcome: 'success' };
  if (stoppedBy === 'timeout') return { outcome: 'timeout', failure: { type: 'timeout', message: `took longer than its timeout of ${(task.timeout ?? 0) / 1000} s` } };
  if (stoppedBy === 'cancellation') return { outcome: 'cancellation' };
  switch (end.type) {
    case 'start-failed':
      return { outcome: 'error', failure: { type: 'start-failed', message: end.message } };
    case 'signal':
      return { outcome: 'failure', failure: exception ?? { type: 'signal', message: `ended by ${end.signal}`, ...(tail !== '' && { stacktrace: tail }) } };
    case 'exit':
      return { outcome: 'failure', failure: exception ?? { type: 'exit-code', message: `exited with code ${end.code}`, ...(tail !== '' && { stacktrace: tail }) } };
    default:
      return end satisfies never;
  }
}

/** Joins what a task writes into pieces, per stream and in order. */
function collectOutput(emit: (stream: 'stdout' | 'stderr', text: string) => void): {
  readonly add: (stream: 'stdout' | 'stderr', text: string) => void;
  readonly flush: () => void;
  readonly tail: () => string;
} {
  let pending: { stream: 'stdout' | 'stderr'; text: string } | undefined;
  let timer: NodeJS.Timeout | undefined;
  let errorTail = '';
  const flush = (): void => {
    clearTimeout(timer);
    timer = undefined;
    if (pending !== undefined && pending.text !== '') emit(pending.stream, pending.text);
    pending = undefined;
  };
  const add = (stream: 'stdout' | 'stderr', text: string): void => {
    if (stream === 'stderr') errorTail = (errorTail + text).slice(-tailLength);
    if (pending !== undefined && pending.stream !== stream) flush();
    if (pending === undefined) pending = { stream, text };
    else pending.text += text;
    if (pending.text.length >= outputPiece) {
      // Cut between lines, so that what is looked for in a piece (a secret to mask) is not in two.
      const end = pending.text.lastIndexOf('\n') + 1 || pending.text.length;
      const rest = pending.text.slice(end);
      pending.text = pending.text.slice(0, end);
      flush();
      pending = { stream, text: rest };
    }
    timer ??= setTimeout(flush, outputInterval);
  };
  return { add, flush, tail: () => errorTail };
}

/** Turns what the task reported into events, artifacts in the order in which they came. */
function collectReports(request: AttemptRequest, context: AttemptContext, of: { readonly task: TaskId; readonly attempt: number }, cwd: string, addLog: (log: ReportedLog) => void) {
  const { emit, clock } = context;
  // The task chose the names: without a prototype, `__proto__` is one like any other.
  const returns = Object.create(null) as Record<string, JsonObject[string]>;
  const pickles = new Map<string, PickledReturn>();
  /** By name: which of several holds. */
  const lastReturns = new Map<string, TaskLogEntry>();
  let notKept: RecordedFailure | undefined;
  const measured = measuring();
  const seen = collectObserved();
  const roots = new Set<string>();
  const warnings = new Map<string, TaskWarning>();
  let exception: RecordedFailure | undefined;
  const track = trackVariables();
  let notUnderstood = 0;
  /** When a picture was last reported other than by the log. */
  let lastPicture: UnixNano | undefined;
  let artifacts: Promise<void> = Promise.resolve();

  const relative = (file: string): string => path.relative(request.folder, path.resolve(cwd, file)).replaceAll(path.sep, '/');
  const isInside = (file: string): boolean => !path.relative(request.workspace, file).startsWith('..');
  const warn = (text: string): void => emit({ type: 'output', ...of, stream: 'stderr', text: `runweave: ${text}\n`, time: clock.now() });

  const addArtifact = (file: string, { name, mediaType }: { readonly name: string; readonly mediaType?: string }): Promise<void> => {
    const time = clock.now();
    artifacts = artifacts.then(async () => {
      try {
        emit({ type: 'artifact', ...of, time, ...(await context.storeArtifact(file, name, mediaType)) });
      } catch (error) {
        warn(`artifact ${name} could not be recorded: ${(error as Error).message}`);
      }
    });
    return artifacts;
  };

  const report = (reported: Report): void => {
    const time = clock.now();
    switch (reported.type) {
      case 'metric': {
        const { name, attributes, value, step, detail } = reported;
        measured.add(seriesName(name, attributes), value);
        emit({ type: 'metric', ...of, time: reported.time ?? time, name: seriesName(name, attributes), value: Number.isFinite(value) ? value : (String(value) as 'NaN'), ...(step !== undefined && { step }), ...(detail !== undefined && { detail }) });
        return;
      }
      case 'param':
      case 'tag':
      case 'dataset':
      case 'span':
        emit({ ...of, time, ...reported });
        return;
      case 'log':
        addLog(reported.log);
        return;
      case 'artifact':
        if (/\.(png|jpe?g|svg)$/i.test(reported.name)) lastPicture = time;
        // Ours from now on, and of no use once it is stored.
        artifacts = addArtifact(reported.file, reported).then(() => rm(reported.file, { force: true }).catch(() => undefined));
        return;
      default:
        reported satisfies never;
    }
  };

  const add = (entry: TaskLogEntry): void => {
    const time = clock.now();
    switch (entry.type) {
      case 'metric':
        measured.add(entry.name, Number(entry.value));
        emit({ ...of, time, ...entry });
        return;
      case 'param':
      case 'tag':
        emit({ ...of, time, ...entry });
        return;
      case 'tracked': {
        const value = track(entry.name, entry.value);
        if (value?.type === 'metric') measured.add(value.name, Number(value.value));
        if (value !== undefined) emit({ ...of, time, ...value });
        return;
      }
      case 'return': {
        const name = keyFrom(entry.name);
        lastReturns.set(name, entry);
        pickles.delete(name);
        returns[name] = entry.value;
        emit({ ...of, time, ...entry, name, value: plainJson(entry.value) });
        return;
      }
      case 'pickled-return':
        lastReturns.set(entry.name, entry);
        artifacts = artifacts.then(async () => {
          try {
            const stored = await context.storeArtifact(entry.path, `returns/${entry.name}.pkl`, pickleMediaType, 0);
            const pickle = { type: entry.valueType, size: stored.size, digest: stored.digest };
            emit({ type: 'artifact', ...of, time, ...stored });
            // Returned again meanwhile.
            if (lastReturns.get(entry.name) !== entry) return;
            pickles.set(entry.name, pickle);
            returns[entry.name] = describePickle(pickle);
            emit({ type: 'return', ...of, time, name: entry.name, value: describePickle(pickle) });
          } catch (error) {
            notKept ??= { type: 'return-not-kept', message: `what it returned as ${entry.name} (${entry.valueType}) could not be kept: ${(error as Error).message}` };
          }
        });
        return;
      case 'cell':
        emit({ ...of, time, ...entry });
        return;
      case 'observed':
        seen.add(entry);
        for (const name of entry.roots) roots.add(name);
        return;
      case 'warning': {
        const { category, message, file, line } = entry;
        const key = JSON.stringify([category, message, file, line]);
        const count = (warnings.get(key)?.count ?? 0) + 1;
        if (count > 1 || warnings.size < mostWarnings) warnings.set(key, { category, message, file: path.isAbsolute(file) && isInside(file) ? relative(file) : file, line, count });
        return;
      }
      case 'exception':
        exception = {
          type: entry.exceptionType,
          message: entry.message,
          stacktrace: entry.stacktrace,
          frames: entry.frames.map((frame) => ({ ...frame, file: path.isAbsolute(frame.file) ? relative(frame.file) : frame.file })),
        };
        return;
      case 'artifact':
        // What a cell showed and logged with another client is one artifact, with the name that the task gave it.
        if (entry.shownSince !== undefined && lastPicture !== undefined && BigInt(lastPicture) >= BigInt(entry.shownSince)) return;
        void addArtifact(entry.path, entry);
        return;
      case 'invalid':
        notUnderstood += 1;
        if (notUnderstood <= toldLines) warn(`a line of RUNWEAVE_LOG was not understood (${entry.message}): ${entry.line}`);
        return;
      default:
        entry satisfies never;
    }
  };
  return {
    add,
    report,
    warn,
    settled: async (): Promise<void> => {
      if (notUnderstood > toldLines) warn(`${notUnderstood - toldLines} more lines of RUNWEAVE_LOG were not understood`);
      const unnameable = seen.unnameable();
      if (unnameable !== undefined) warn(`${unnameable} counts as no file that the task used: its name is not UTF-8. Changes of it are not seen until it is renamed`);
      await artifacts;
    },
    returns: (): JsonObject => ({ ...returns }),
    pickles: (): PickledReturns => Object.fromEntries(pickles),
    notKept: () => notKept,
    reported: () => ({ metric: measured.of, returns: plainJson(returns) }),
    exception: () => exception,
    warnings: () => [...warnings.values()],
    observed: () => seen.observed(request.folder, context.digests),
    imported: (): readonly string[] => [...roots],
    hasObserved: () => seen.hasAny(),
  };
}
