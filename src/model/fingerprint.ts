/**
 * What a task's result depends on, component by component, and the difference between two of these as reasons.
 * Recorded while staleness is decided; the same list serves `plan`, tooltips and the record.
 */
import type { Json, JsonObject } from './json.ts';
import type { TaskId } from './pipeline.ts';
import { jsonText } from './whole-float.ts';

/** `sha256:` and 64 hex digits; of Python code over what it means; of a folder or glob, over the sorted names and digests of what is in it. */
export type Digest = string & { readonly __brand: 'Digest' };

/** Distribution → version. */
export type PackageVersions = Readonly<Record<string, string>>;

/** Folder of a search path, relative to the pipeline's → names that imports looked for in it, separated by spaces; with `/` at its end: names that were found nowhere. */
export type ImportLookups = Readonly<Record<string, string>>;

/** Files and folders that a pattern finds. */
export interface Listing {
  /** Over the sorted paths, relative to the folder that was listed. */
  readonly digest: Digest;
  /** Those that the task made itself, and that do not count. */
  readonly own?: readonly string[];
}

/** Folder relative to the pipeline's → pattern, as Python's `glob` has them → what it finds. */
export type Listings = Readonly<Record<string, Readonly<Record<string, Listing>>>>;

export interface Fingerprint {
  /** Digest of the parts of the definition that change what the task does (kind, command, cwd, outputs, …). */
  readonly definition: Digest;
  /** The definition's parts by name, so that a difference can be named. */
  readonly definitionParts: JsonObject;
  /** Resolved parameters, matrix values included. */
  readonly params: JsonObject;
  /** Script, notebook, module, and the workspace modules that the task was seen to import: path → digest, of the meaning or the bytes. */
  readonly sources: Readonly<Record<string, Digest>>;
  /** Declared inputs as written in the file (a glob is one entry), and files that the task was seen to read: → digest. */
  readonly inputs: Readonly<Record<string, Digest>>;
  /** Upstream task → digest of its outputs and returns. */
  readonly upstream: Readonly<Record<string, Digest>>;
  /** The task's declared environment variables. */
  readonly env: Readonly<Record<string, string>>;
  /** `CPython 3.11.7 …/bin/python3`; empty for shell tasks. */
  readonly interpreter: string;
  /** Absolute folder of installed packages → the distributions in it that the task was seen to import; folder of the workspace → packages without `__init__.py` that imports look for. */
  readonly packages?: Readonly<Record<string, PackageVersions>>;
  /** Where imports looked for what they found elsewhere, or not: a file that comes there is a source. Not compared itself. */
  readonly lookups?: ImportLookups;
  /** What the task was seen to list, without outputs of tasks. */
  readonly listings?: Listings;
  /**
   * Of the files read and listings those that changed while the task ran, maybe by itself: it is not started again when
   * they do so once more, but looked at when it has ended. Not compared itself.
   */
  readonly moving?: readonly string[];
  /**
   * Of the sources and the files in declared inputs those that changed while the task ran, each of the last three times
   * or more that it was not cut off: it writes them itself. Not compared itself.
   */
  readonly own?: readonly string[];
}

/**
 * Stands for what changed while the task used it: what was used is not known, so nothing equals it. SHA-256 of "changed
 * while the task ran", and of that with ", as the time before".
 */
export const unsettled = 'sha256:f151a650aa0280b7d4472353ca99155b815a3a5173514b47d4e28fe5a4266b4b' as Digest;
export const unsettledAgain = 'sha256:03dea6bac93d79bc5301ad75afa27ce58e734ac096e3bd49cefa2d25df840e5c' as Digest;

/** Of a file that counts but is not there: that it comes or goes is a change too. SHA-256 of "absent". */
export const absent = 'sha256:5ad38304b535c2987dbd24657c1a11b884984ff600d9f389deb0d4e634fee792' as Digest;

/** Of a task that was given a module which may not be what its own import would have been: no interpreter has this name. */
export function withMisfit(interpreter: string, misfit: string): string {
  return interpreter + warmMark + misfit;
}

export function hasMisfit(interpreter: string): boolean {
  return interpreter.includes(warmMark);
}

const warmMark = ', warm: ';

export function isUnsettled(digest: Digest | undefined): boolean {
  return digest === unsettled || digest === unsettledAgain;
}

/** Of a folder or pattern, what came, went and changed there; where what was there before is known. */
export type ChangedNames = Partial<Readonly<Record<'added' | 'removed' | 'changed', readonly string[]>>>;

/** Why a task is stale: which component changed, from what, to what. */
export type Reason =
  | { readonly type: 'never-ran' }
  /** `superseded`: it was cancelled for a change that wanted the task to run again; `unfinished`: no end of it is known. */
  | { readonly type: 'last-run-failed'; readonly runId: string; readonly superseded?: true; readonly unfinished?: true }
  | { readonly type: 'forced' }
  | { readonly type: 'never-cached' }
  | { readonly type: 'definition-changed'; readonly part: string; readonly from?: Json; readonly to?: Json }
  | { readonly type: 'param-changed'; readonly name: string; readonly from?: Json; readonly to?: Json }
  | {
      readonly type: 'source-changed';
      readonly path: string;
      readonly from?: Digest;
      readonly to?: Digest;
      /** Of a notebook: which of its code cells, from 1, where the old ones are known. */
      readonly cells?: readonly number[];
      /** Of a module whose function is called: `function clean`, `class Model`, or empty for other statements; where what was there is known. */
      readonly parts?: readonly string[];
      /**
       * What counted of it before is as it was, but it is compared in another way: all sources of the task are, more of a
       * module (`parts`) can be used, or all of it counts as it does not compile.
       */
      readonly compared?: 'more closely' | 'less closely' | 'with more' | 'with less' | 'not compiled';
      /** With `compared`: the sources that make it so, where they are known. */
      readonly because?: readonly string[];
      /** Of an imported module: the files through which it came, from the task's own to the one that imports it, as far as they are seen. */
      readonly via?: readonly string[];
    }
  | ({ readonly type: 'input-changed'; readonly path: string; readonly from?: Digest; readonly to?: Digest } & ChangedNames)
  | ({ readonly type: 'listing-changed'; readonly folder: string; readonly pattern: string; readonly from: Digest; readonly to: Digest } & ChangedNames)
  | { readonly type: 'upstream-changed'; readonly task: TaskId; readonly from?: Digest; readonly to?: Digest }
  /** In a plan only: the upstream task will run, and whether it will make other outputs is not known before. */
  | { readonly type: 'upstream-will-run'; readonly task: TaskId }
  /** In a plan only: whether the upstream task will run depends on what its own upstream makes. */
  | { readonly type: 'upstream-may-run'; readonly task: TaskId }
  /** In a plan only: the upstream task's earlier outputs are put back; whether a result of this task fits them is not looked at before. */
  | { readonly type: 'upstream-will-be-restored'; readonly task: TaskId }
  /** `damaged`: of an object that was returned, the stored bytes were written to. */
  | { readonly type: 'output-missing'; readonly path: string; readonly damaged?: true }
  | ({ readonly type: 'output-changed'; readonly path: string; readonly from?: Digest; readonly to?: Digest } & ChangedNames)
  | { readonly type: 'env-changed'; readonly name: string; readonly from?: string; readonly to?: string }
  | { readonly type: 'interpreter-changed'; readonly from: string; readonly to: string }
  /** A distribution that the task was seen to import; absent: not installed. */
  | { readonly type: 'package-changed'; readonly name: string; readonly from?: string; readonly to?: string };

const short = (digest: Digest | undefined): string => (isNone(digest) ? 'none' : digest.slice('sha256:'.length, 'sha256:'.length + 8));

/** Characters of a value, and those of them before what differs. */
const mostShown = 60;
const shownBefore = 20;

/** Two values that differ; long ones from shortly before they do, so that it is seen. */
function difference(from: Json | undefined, to: Json | undefined): string {
  const texts = [from, to].map((value) => (value === undefined ? 'unset' : jsonText(value)));
  const [before = '', after = ''] = texts;
  let same = 0;
  while (same < before.length && before[same] === after[same]) same += 1;
  const start = same < mostShown - shownBefore ? 0 : same - shownBefore;
  const isLong = texts.some((text) => text.length > mostShown);
  return texts.map((text) => (isLong ? cut(text, start) : text)).join(' → ');
}

function cut(text: string, start: number): string {
  const shown = text.slice(start, start + mostShown - 1);
  return `${start > 0 ? '…' : ''}${shown}${start + shown.length < text.length ? '…' : ''}`;
}

function isNone(content: unknown): content is undefined {
  return content === undefined || content === absent;
}

/** What is not in a fingerprint may be there all the same; it does not count. */
function verb(from: unknown, to: unknown): string {
  if (isNone(from)) return 'is new';
  if (to === undefined) return 'no longer counts';
  if (isNone(to)) return 'is gone';
  return 'changed';
}

function inCells(cells: readonly number[] | undefined): string {
  return cells === undefined ? '' : ` in code cell${cells.length === 1 ? '' : 's'} ${cells.join(', ')}`;
}

function inParts(parts: readonly string[] | undefined): string {
  if (parts === undefined || parts.length === 0) return '';
  const named = parts.map((part) => (part === '' ? 'statements outside of functions' : part));
  return ` in ${named.length > 4 ? `${named.slice(0, 3).join(', ')} and ${named.length - 3} more` : named.join(', ')}`;
}

function sourceChange(reason: Extract<Reason, { readonly type: 'source-changed' }>): string {
  const { compared, parts, because } = reason;
  const cause = because === undefined ? '' : ` because of ${because.length > 3 ? `${because.slice(0, 2).join(', ')} and ${because.length - 2} more` : because.join(', ')}`;
  switch (compared) {
    case undefined:
      return `${verb(reason.from, reason.to)}${inCells(reason.cells)}${inParts(parts)}`;
    case 'more closely':
    case 'less closely':
      return `is compared ${compared}${cause}`;
    case 'with more':
      return `is used${inParts(parts)} too${cause}`;
    case 'with less':
      return `is no longer used${inParts(parts)}${cause}`;
    case 'not compiled':
      return 'does not compile without a warning, so all of it counts';
    default:
      return compared satisfies never;
  }
}

function imported(via: readonly string[] | undefined): string {
  return via === undefined ? '' : `, imported by ${via.join(' → ')}`;
}

function listed({ folder, pattern }: { readonly folder: string; readonly pattern: string }): string {
  return `${folder}/${pattern === '*' ? '' : ` (${pattern})`}`;
}

function inNames({ added = [], removed = [], changed = [] }: ChangedNames): string {
  const told = [...changed.map((name) => `${name} changed`), ...added.map((name) => `${name} is new`), ...removed.map((name) => `${name} is gone`)];
  if (told.length === 0) return '';
  return `: ${told.length > 4 ? `${told.slice(0, 3).join(', ')} and ${told.length - 3} more` : told.join(', ')}`;
}

/** One sentence without a full stop, as shown to people everywhere. */
export function describeReason(reason: Reason): string {
  if ('from' in reason && isUnsettled(reason.from as Digest)) {
    if (reason.type === 'source-changed' || reason.type === 'input-changed') return `${reason.type === 'source-changed' ? 'source' : 'input'} ${reason.path} changed while the task ran`;
    if (reason.type === 'upstream-changed') return `outputs of ${reason.task} changed while the task ran`;
    if (reason.type === 'listing-changed') return `files in ${listed(reason)} changed while the task ran`;
  }
  switch (reason.type) {
    case 'never-ran':
      return 'no earlier result';
    case 'last-run-failed':
      if (reason.superseded) return `was cancelled in ${reason.runId}, as a change wanted it to run again`;
      return reason.unfinished ? `has not ended in ${reason.runId}, which runs still or was cut off` : `did not succeed in ${reason.runId}`;
    case 'forced':
      return 'forced';
    case 'never-cached':
      return 'cache: false, always runs';
    case 'definition-changed':
      return `definition: ${reason.part} changed, ${difference(reason.from, reason.to)}`;
    case 'param-changed':
      return `parameter ${reason.name}: ${difference(reason.from, reason.to)}`;
    case 'source-changed':
      return `source ${reason.path} ${sourceChange(reason)} (${short(reason.from)} → ${short(reason.to)})${imported(reason.via)}`;
    case 'input-changed':
      return `input ${reason.path} ${verb(reason.from, reason.to)}${inNames(reason)} (${short(reason.from)} → ${short(reason.to)})`;
    case 'listing-changed':
      return `files in ${listed(reason)} changed${inNames(reason)}`;
    case 'upstream-changed':
      if (reason.from === undefined) return `needs ${reason.task} too`;
      if (reason.to === undefined) return `no longer needs ${reason.task}`;
      return `outputs of ${reason.task} changed (${short(reason.from)} → ${short(reason.to)})`;
    case 'upstream-will-run':
      return `${reason.task} will run`;
    case 'upstream-may-run':
      return `${reason.task} may run`;
    case 'upstream-will-be-restored':
      return `outputs of ${reason.task} will be restored`;
    case 'output-missing':
      return `output ${reason.path} ${reason.damaged === true ? 'was changed on disk' : 'is missing'}`;
    case 'output-changed':
      return `output ${reason.path} was changed by something else${inNames(reason)} (${short(reason.from)} → ${short(reason.to)})`;
    case 'env-changed':
      return `environment variable ${reason.name}: ${difference(reason.from, reason.to)}`;
    case 'interpreter-changed':
      if (hasMisfit(reason.from)) return `it ran with ${reason.from.slice(reason.from.indexOf(warmMark) + warmMark.length)}`;
      return `interpreter: ${reason.from} → ${reason.to}`;
    case 'package-changed':
      return `package ${reason.name}: ${reason.from ?? 'not installed'} → ${reason.to ?? 'not installed'}`;
    default:
      return reason satisfies never;
  }
}
