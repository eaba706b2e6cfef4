/**
 * What is in a folder, a zip or a file: finds out by content which importer can tell, and asks it. A file that is part
 * of something larger (of a store of MLflow, of a website) is not looked at on its own.
 */
import { splitJsonDocuments } from '../model/json-documents.ts';
import type { Json } from '../model/json.ts';
import { deepestRecorded, NestedTooDeeply, parseNested } from '../model/nested-json.ts';
import type { UnixNano } from '../model/time.ts';
import { isComposableRun, runsOfComposableLogs } from './composable-logs.ts';
import { isComposableSite, runsOfComposableSite } from './composable-site.ts';
import { runOfDvc } from './dvc.ts';
import { runsOfSignals } from './foreign-trace.ts';
import { inspectedObjects } from './inspected-text.ts';
import { jaegerTraces, signalsOfJaeger } from './jaeger.ts';
import { objectOf } from './json-value.ts';
import { mlflowRunFolders, runsOfMlflowStore } from './mlflow-store.ts';
import { isOtlpDocument } from '../model/otlp-json.ts';
import { signalsOfOtlp } from './otlp.ts';
import { isConsoleSignal, signalsOfConsole } from './otel-console.ts';
import { isRunnableLog, runOfRunnableLog } from './runnable.ts';
import type { Imported, ImportedRun, ImportProblem, SourceFile } from './source.ts';

export interface ImportOptions {
  /** When a file was last written, for formats that have no times. */
  readonly writtenAt: (file: SourceFile) => UnixNano;
  /** Of a file that was named itself, every reason why it can't be read is told; of one in a folder, only of what is of a known format. */
  readonly named: boolean;
  /** The path of the one file that is meant; the others are there because it may refer to them. */
  readonly only?: string;
}

export async function importFiles(files: readonly SourceFile[], options: ImportOptions): Promise<Imported> {
  const runs: ImportedRun[] = [];
  const problems: ImportProblem[] = [];
  const add = (imported: Imported): void => {
    runs.push(...imported.runs);
    problems.push(...imported.problems);
  };
  const byPath = new Map(files.map((file) => [file.path, file]));
  const claimed: string[] = [];
  const isClaimed = (path: string): boolean => claimed.some((prefix) => path.startsWith(prefix));
  const beside = (file: SourceFile) => (path: string): SourceFile | undefined => byPath.get(folderOf(file.path) + path.replace(/^\.\//, ''));

  const isMeant = (file: SourceFile): boolean => options.only === undefined || file.path === options.only;

  const mlflowRuns = options.only === undefined ? mlflowRunFolders(files) : [];
  if (mlflowRuns.length > 0) {
    add(await runsOfMlflowStore(files));
    claimed.push(...new Set(mlflowRuns.map((folder) => folderOf(folder))));
  }
  for (const file of files) {
    if (nameOf(file) !== 'dvc.yaml' || !isMeant(file) || isClaimed(file.path)) continue;
    const lock = beside(file)('dvc.lock');
    add(await runOfDvc({ file, lock, fileAt: beside(file), time: options.writtenAt(lock ?? file) }));
  }
  // A website's data first: the files in its folder of artifacts are its own.
  const candidates = files.filter((file) => isMeant(file) && !isClaimed(file.path) && (options.named || /\.(jsonl?|ndjson|txt|log)(\.gz)?$/i.test(file.path)));
  candidates.sort((a, b) => Number(nameOf(b) === 'static_data.json') - Number(nameOf(a) === 'static_data.json') || (a.path < b.path ? -1 : 1));
  for (const file of candidates) {
    if (isClaimed(file.path) || ['dvc.yaml', 'dvc.lock'].includes(nameOf(file))) continue;
    const read = await valuesIn(file);
    if (!read.ok) {
      if (options.named || read.known) problems.push(read.problem);
      continue;
    }
    const { values, whole, problem } = read;
    if (whole !== undefined && isComposableSite(whole)) {
      add(await runsOfComposableSite(file.path, whole, beside(file)));
      claimed.push(`${folderOf(file.path)}artifacts/`);
      continue;
    }
    const imported = runsOfValues(file.path, values, whole);
    if (imported === undefined) {
      if (options.named) problems.push({ file: file.path, message: `it is JSON, but ${unknownFormat}` });
      continue;
    }
    add(imported);
    if (problem !== undefined) problems.push(problem);
    if (imported.runs.length + imported.problems.length === 0) problems.push({ file: file.path, message: 'it holds no spans, log records or metrics' });
  }
  return { runs, problems };
}

/** `undefined`: of no format that is known. */
function runsOfValues(file: string, values: readonly Json[], whole: Json | undefined): Imported | undefined {
  const result = (runs: readonly ImportedRun[]): Imported => ({ runs, problems: [] });
  // Jaeger's newer API wraps OTLP.
  const documents = values.map((value) => (isOtlpDocument(objectOf(value)['result']) ? (objectOf(value)['result'] ?? null) : value));
  if (documents.some(isOtlpDocument)) return result(runsOfSignals('otlp', file, signalsOfOtlp(documents.filter(isOtlpDocument))));
  if (whole !== undefined && isRunnableLog(whole)) return runOfRunnableLog(file, whole);
  const traces = values.flatMap(jaegerTraces);
  if (traces.length > 0) return result(runsOfSignals('jaeger', file, signalsOfJaeger(traces)));
  if (isComposableRun(values)) return result(runsOfComposableLogs(file, values));
  if (values.some(isConsoleSignal)) {
    const { length } = values.filter((value) => !isConsoleSignal(value));
    const runs = runsOfSignals('otel-console', file, signalsOfConsole(values));
    return { runs, problems: length === 0 ? [] : [{ file, message: `${length} of ${values.length} objects are neither spans nor log records, and were left out` }] };
  }
  return undefined;
}

/** The first bytes of a database. */
export const sqliteHeader = 'SQLite format 3\0';

const unknownFormat = 'of no format that can be imported (OTLP, OpenTelemetry console output, Jaeger, Composable Logs, runnable, MLflow, DVC)';

type Values =
  | { readonly ok: true; readonly values: readonly Json[]; /** The document, when it is one. */ readonly whole?: Json; readonly problem?: ImportProblem }
  /** `known`: what could be read of it is of a known format. */
  | { readonly ok: false; readonly known: boolean; readonly problem: ImportProblem };

/** One document, the items of a list, lines, documents one after the other, or what JavaScript prints. */
async function valuesIn(file: SourceFile): Promise<Values> {
  let text: string;
  try {
    text = new TextDecoder('utf-8').decode(await file.read());
  } catch (error) {
    return { ok: false, known: false, problem: { file: file.path, message: (error as Error).message } };
  }
  if (text.startsWith(sqliteHeader)) return { ok: false, known: false, problem: { file: file.path, message: 'it is an SQLite database; runs in one of MLflow are imported on the command line: runweave import FILE' } };
  if (text.trim() === '') return { ok: false, known: false, problem: { file: file.path, message: 'the file is empty' } };
  let mistake: string;
  try {
    const whole = parseNested(text, deepestRecorded) as Json;
    return { ok: true, values: Array.isArray(whole) ? (whole as readonly Json[]) : [whole], whole };
  } catch (error) {
    if (error instanceof NestedTooDeeply) return { ok: false, known: false, problem: { file: file.path, message: `it is ${error.message}` } };
    mistake = placeOf((error as Error).message, text);
  }
  const { documents, rest } = splitJsonDocuments(text);
  const values: Json[] = [];
  let problem: ImportProblem | undefined = rest === undefined ? undefined : { file: file.path, line: rest, message: 'the document does not end' };
  for (const document of documents) {
    try {
      values.push(parseNested(document.text, deepestRecorded) as Json);
    } catch (error) {
      problem ??= { file: file.path, line: document.line, message: error instanceof NestedTooDeeply ? error.message : `not JSON: ${withoutExcerpt((error as Error).message)}` };
    }
  }
  if (values.some((value) => isOtlpDocument(value) || isConsoleSignal(value))) return { ok: true, values, ...(problem !== undefined && { problem }) };
  if (/\btraceId: ['"]/.test(text)) {
    const { objects, broken } = inspectedObjects(text);
    if (objects.some(({ value }) => isConsoleSignal(value))) return { ok: true, values: objects.map(({ value }) => value), ...(broken !== undefined && { problem: { file: file.path, line: broken, message: 'the object can not be read to its end' } }) };
  }
  if (!/^\ufeff?\s*[[{]/.test(text)) return { ok: false, known: false, problem: { file: file.path, message: `it is not JSON, and ${unknownFormat}` } };
  const line = lineOf(mistake);
  return { ok: false, known: false, problem: { file: file.path, ...(line !== undefined && { line }), message: `not JSON: ${withoutExcerpt(mistake)}` } };
}

/** With the line of the mistake, which V8 gives as a position or not at all. */
function placeOf(message: string, text: string): string {
  const position = /at position (\d+)/.exec(message)?.[1];
  if (position === undefined || message.includes('(line ')) return message;
  return `${message} (line ${text.slice(0, Number(position)).split('\n').length})`;
}

function lineOf(message: string): number | undefined {
  const line = /\(line (\d+)/.exec(message)?.[1];
  return line === undefined ? undefined : Number(line);
}

/** V8 quotes the text around the mistake, which may be long, and names the place, which stands before. */
function withoutExcerpt(message: string): string {
  return message.replace(/, (\.\.\.)?".*$/s, '').replace(/ in JSON at position.*$/s, '').replace(/ \(line.*$/s, '');
}

function folderOf(path: string): string {
  return path.slice(0, path.lastIndexOf('/') + 1);
}

function nameOf(file: SourceFile): string {
  return file.path.slice(file.path.lastIndexOf('/') + 1);
}
