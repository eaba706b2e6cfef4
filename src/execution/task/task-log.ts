/**
 * Lines that a task appends to `RUNWEAVE_LOG`: one JSON object each, as the Python helper writes them, or one of the
 * short forms for shells. A line that is neither is reported, never fatal.
 */
import path from 'node:path';
import { isJsonObject, type Json, type JsonObject } from '../../model/json.ts';
import { NestedTooDeeply, parseNested } from '../../model/nested-json.ts';
import type { UnixNano } from '../../model/time.ts';
import { withWholeFloats } from '../../model/whole-float.ts';
import { withTextForLongNumbers } from '../../model/whole-number.ts';

export type TaskLogEntry =
  | { readonly type: 'metric'; readonly name: string; readonly value: number | 'NaN' | 'Infinity' | '-Infinity'; readonly step?: number; readonly time?: UnixNano }
  | { readonly type: 'param'; readonly name: string; readonly value: Json }
  | { readonly type: 'tag'; readonly name: string; readonly value: string }
  | { readonly type: 'return'; readonly name: string; readonly value: Json }
  /** An object of Python, pickled into the file at `path`. */
  | { readonly type: 'pickled-return'; readonly name: string; readonly path: string; readonly valueType: string }
  | {
      readonly type: 'artifact';
      readonly name: string;
      readonly path: string;
      readonly mediaType?: string;
      /** A picture that a notebook's cell showed, which began then. */
      readonly shownSince?: UnixNano;
    }
  | ({ readonly type: 'observed' } & ObservedEntry)
  | { readonly type: 'cell'; readonly index: number; readonly status: 'running' | 'success' | 'failure'; readonly label: string; readonly start: UnixNano; readonly end?: UnixNano; readonly source?: string; readonly outputs?: readonly JsonObject[] }
  | { readonly type: 'warning'; readonly category: string; readonly message: string; readonly file: string; readonly line: number }
  | { readonly type: 'exception'; readonly exceptionType: string; readonly message: string; readonly stacktrace: string; readonly frames: readonly { readonly file: string; readonly line: number; readonly function: string }[] }
  /** A variable `RUNWEAVE_TRACK_…` as it is set now. */
  | { readonly type: 'tracked'; readonly name: string; readonly value: string }
  | { readonly type: 'invalid'; readonly line: string; readonly message: string };

/** What a Python process of the task was seen to use; absolute paths. A line has one thing or a few, and lines are in the order of time. */
export interface ObservedEntry {
  readonly modules: readonly string[];
  /** For what is in them. */
  readonly read: readonly string[];
  /** To be run, or for a line of a traceback. */
  readonly loaded: readonly string[];
  /** Of modules and files read, as each was just before it was used: as `fileStamp` has it. */
  readonly stamps: Readonly<Record<string, string>>;
  readonly written: readonly string[];
  /** Opened for writing with what was in them. */
  readonly appended: readonly string[];
  /** From, to, and so on. */
  readonly renamed: readonly string[];
  /** Folder of installed packages → modules in it. */
  readonly imported: Readonly<Record<string, readonly string[]>>;
  /** Module outside of the workspace and of those folders → those folders. */
  readonly outside: Readonly<Record<string, readonly string[]>>;
  /** Folder of a search path → names looked for in it; with a separator at its end: that were found nowhere, so that a folder would do. */
  readonly lookups: Readonly<Record<string, readonly string[]>>;
  /** Folder that was listed → what was looked for in it: patterns with `/`, as Python's `glob` has them. */
  readonly listed: Readonly<Record<string, readonly string[]>>;
  /** A module that it was given, and that may not be what a fresh process would have imported; empty: none. */
  readonly misfit: string;
  /** Installed modules that the task's own code imported. */
  readonly roots: readonly string[];
}

/** `undefined` for an empty line. Relative artifact paths are relative to `cwd`. */
export function parseTaskLogLine(line: string, cwd: string): TaskLogEntry | undefined {
  const text = line.trim();
  if (text === '') return undefined;
  const invalid = (message: string): TaskLogEntry => ({ type: 'invalid', line: text.slice(0, 200), message });
  if (!text.startsWith('{')) {
    try {
      return parseShortForm(text, cwd) ?? invalid('neither a JSON object nor `metric NAME=VALUE [step]`, `param NAME=VALUE`, `tag NAME=VALUE`, `return NAME=VALUE` or `artifact PATH`');
    } catch (error) {
      if (error instanceof NestedTooDeeply) return invalid(error.message);
      throw error;
    }
  }
  let parsed: unknown;
  try {
    parsed = parseNested(isOfValue.test(text) ? withTextForLongNumbers(text) : text);
  } catch (error) {
    return invalid(error instanceof NestedTooDeeply ? error.message : 'not valid JSON');
  }
  if (!isJsonObject(parsed)) return invalid('not a JSON object');
  if (parsed['type'] === 'return') parsed = JSON.parse(withWholeFloats(withTextForLongNumbers(text))) as JsonObject;
  return parseObject(parsed as JsonObject, cwd) ?? invalid('unknown type, or a field is missing or of the wrong type');
}

/** Other numbers are measured. */
const isOfValue = /"type"\s*:\s*"(?:param|return|tag)"/;

function parseObject(object: Readonly<Record<string, Json>>, cwd: string): TaskLogEntry | undefined {
  const { type, name, value } = object;
  const time = unixNano(object['time']);
  switch (type) {
    case 'metric': {
      const number = metricValue(value);
      const step = object['step'];
      if (typeof name !== 'string' || number === undefined || (step !== undefined && step !== null && !Number.isSafeInteger(step))) return undefined;
      return { type, name, value: number, ...(typeof step === 'number' && { step }), ...(time !== undefined && { time }) };
    }
    case 'pickled-return': {
      const { path: file, valueType } = object;
      return typeof name === 'string' && typeof file === 'string' && typeof valueType === 'string' ? { type, name, path: path.resolve(cwd, file), valueType } : undefined;
    }
    case 'param':
    case 'return':
      return typeof name === 'string' && value !== undefined ? { type, name, value } : undefined;
    case 'tracked':
      return typeof name === 'string' && typeof value === 'string' ? { type, name, value } : undefined;
    case 'tag':
      return typeof name === 'string' && value !== undefined ? { type, name, value: typeof value === 'string' ? value : JSON.stringify(value) } : undefined;
    case 'artifact': {
      const { path: file, mediaType } = object;
      if (typeof file !== 'string') return undefined;
      const shownSince = unixNano(object['shownSince']);
      return { type, name: typeof name === 'string' ? name : path.basename(file), path: path.resolve(cwd, file), ...(typeof mediaType === 'string' && { mediaType }), ...(shownSince !== undefined && { shownSince }) };
    }
    case 'observed':
      return {
        type,
        modules: strings(object['modules']),
        read: strings(object['read']),
        loaded: strings(object['loaded']),
        stamps: texts(object['stamps']),
        written: strings(object['written']),
        appended: strings(object['appended']),
        renamed: strings(object['renamed']),
        imported: stringLists(object['imported']),
        outside: stringLists(object['outside']),
        lookups: stringLists(object['lookups']),
        listed: stringLists(object['listed']),
        misfit: typeof object['misfit'] === 'string' ? object['misfit'] : '',
        roots: strings(object['roots']),
      };
    case 'cell': {
      const { index, status, label, source, outputs } = object;
      const start = unixNano(object['start']);
      const end = unixNano(object['end']);
      if (typeof index !== 'number' || start === undefined) return undefined;
      if (status !== 'running' && status !== 'success' && status !== 'failure') return undefined;
      return { type, index, status, label: typeof label === 'string' ? label : '', start, ...(end !== undefined && { end }), ...(typeof source === 'string' && { source }), ...(Array.isArray(outputs) && { outputs: (outputs as readonly Json[]).filter(isJsonObject) }) };
    }
    case 'warning': {
      const { category, message, file, line } = object;
      if (typeof category !== 'string' || typeof message !== 'string' || typeof file !== 'string' || typeof line !== 'number') return undefined;
      return { type, category, message, file, line };
    }
    case 'exception': {
      const { exceptionType, message, stacktrace, frames } = object;
      if (typeof exceptionType !== 'string') return undefined;
      return {
        type,
        exceptionType,
        message: typeof message === 'string' ? message : '',
        stacktrace: typeof stacktrace === 'string' ? stacktrace : '',
        frames: (Array.isArray(frames) ? (frames as readonly Json[]) : []).flatMap((frame) =>
          isJsonObject(frame) && typeof frame['file'] === 'string' && typeof frame['line'] === 'number'
            ? [{ file: frame['file'], line: frame['line'], function: typeof frame['function'] === 'string' ? frame['function'] : '' }]
            : [],
        ),
      };
    }
    default:
      return undefined;
  }
}

/** Throws `NestedTooDeeply`. */
function parseShortForm(text: string, cwd: string): TaskLogEntry | undefined {
  const artifact = /^artifact\s+(.+)$/.exec(text)?.[1];
  if (artifact !== undefined) return { type: 'artifact', name: path.basename(artifact), path: path.resolve(cwd, artifact) };
  const tracked = /^track\s+(\w+)=(.*)$/.exec(text);
  if (tracked?.[1] !== undefined) return { type: 'tracked', name: tracked[1], value: tracked[2] ?? '' };
  const match = /^(metric|param|tag|return)\s+([^=\s]+)=(.*)$/.exec(text);
  const [, type, name = '', rest = ''] = match ?? [];
  if (type === 'metric') {
    const [value = '', step] = rest.trim().split(/\s+/);
    const number = metricValue(value === '' ? undefined : Number.isFinite(Number(value)) ? Number(value) : value);
    if (number === undefined || (step !== undefined && !/^-?\d+$/.test(step))) return undefined;
    return { type, name, value: number, ...(step !== undefined && { step: Number(step) }) };
  }
  if (type === 'param') return { type, name, value: jsonOrText(rest) };
  if (type === 'return') return { type, name, value: jsonOrText(rest, withWholeFloats) };
  if (type === 'tag') return { type, name, value: rest };
  return undefined;
}

/** Numbers as numbers, JSON as JSON, everything else as text. Throws `NestedTooDeeply`. */
function jsonOrText(text: string, prepared = (json: string): string => json): Json {
  try {
    return parseNested(prepared(withTextForLongNumbers(text))) as Json;
  } catch (error) {
    if (error instanceof NestedTooDeeply) throw error;
    return text;
  }
}

function metricValue(value: Json | undefined): number | 'NaN' | 'Infinity' | '-Infinity' | undefined {
  if (typeof value === 'number') return Number.isFinite(value) ? value : undefined;
  if (typeof value === 'boolean') return Number(value);
  if (typeof value !== 'string') return undefined;
  switch (value.toLowerCase()) {
    case 'nan':
      return 'NaN';
    case 'inf':
    case '+inf':
    case 'infinity':
    case '+infinity':
      return 'Infinity';
    case '-inf':
    case '-infinity':
      return '-Infinity';
    default:
      return undefined;
  }
}

function unixNano(value: Json | undefined): UnixNano | undefined {
  if (typeof value === 'string' && /^\d{1,20}$/.test(value)) return value as UnixNano;
  return typeof value === 'number' && Number.isInteger(value) ? (String(BigInt(value)) as UnixNano) : undefined;
}

function strings(value: Json | undefined): readonly string[] {
  return Array.isArray(value) ? (value as readonly Json[]).filter((item) => typeof item === 'string') : [];
}

function texts(value: Json | undefined): Readonly<Record<string, string>> {
  return isJsonObject(value) ? (Object.fromEntries(Object.entries(value).filter(([, text]) => typeof text === 'string')) as Record<string, string>) : {};
}

function stringLists(value: Json | undefined): Readonly<Record<string, readonly string[]>> {
  return isJsonObject(value) ? Object.fromEntries(Object.entries(value).map(([name, list]) => [name, strings(list)])) : {};
}
