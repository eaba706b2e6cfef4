/** `runweave show FILE`: what is in a file of another tool, or in a record that lies anywhere, without importing it. */
import { rm, stat } from 'node:fs/promises';
import { resolve } from 'node:path';
import { problemText } from '../importers/source.ts';
import { elapsed, formatDuration, type UnixNano } from '../model/time.ts';
import type { TimelineSpan } from '../protocol/run-view.ts';
import { findRun } from '../store/find-run.ts';
import { readRecord, type ReadRecord } from '../store/read-record.ts';
import type { CommandLine } from './arguments.ts';
import { exitCodes, type ExitCode, type Host } from './host.ts';
import { writeJson } from './json-output.ts';
import { findRecords, namePath } from './pipeline-file.ts';
import { fit, oneLine } from './progress/task-lines.ts';
import { runDetails } from './run-details.ts';
import { plural, table } from './text.ts';
import { reportError, userError } from './user-error.ts';

/** Spans that are printed; `--json` has all that are shown in the editor. */
const mostSpans = 50;
const deepestSpan = 12;

/** Whether an argument means a file: there is one, and no run that is called so. */
export async function isFile(argument: string, line: CommandLine, host: Host): Promise<boolean> {
  const found = await stat(resolve(host.cwd, argument)).catch(() => undefined);
  if (found === undefined || argument === '') return false;
  const place = findRecords(host.cwd, line.options.file);
  return place.type === 'error' || (await findRun(place.records, argument)).type !== 'found';
}

export async function showFile(name: string, line: CommandLine, host: Host): Promise<ExitCode> {
  const { json } = line.options;
  const stop = new AbortController();
  const ignore = host.onInterrupt(() => stop.abort());
  const { stderr } = host;
  const total = { shown: 0 };
  const onProgress = (read: number, size: number): void => {
    const percent = Math.floor((100 * read) / Math.max(1, size));
    if (!stderr.interactive || json || size < 100_000_000 || percent === total.shown) return;
    total.shown = percent;
    stderr.write(percent >= 100 ? '\r\u001b[K' : `\r\u001b[K${percent} %`);
  };
  try {
    // Knows the files of all other tools: most that is shown is a run of our own.
    const { openFile } = await import('../app/importing/open-file.ts');
    const opened = await openFile(resolve(host.cwd, name), { signal: stop.signal, onProgress });
    switch (opened.type) {
      case 'unreadable':
        return reportError(userError(`${name}: ${opened.message}`), host, json);
      case 'record':
        print(opened.read, name, json, host);
        return exitCodes.success;
      case 'converted':
        try {
          const { runs, problems } = opened.report;
          const reads = await Promise.all(runs.map(async (run) => ({ read: await readRecord(run.record), source: namePath(resolve(host.cwd, name, '..', run.source), host.cwd) })));
          if (json && reads.length > 1) writeJson(host.stdout, { runs: reads.flatMap(({ read }) => (read.type === 'run' ? [read.state] : [])), traces: reads.flatMap(({ read }) => (read.type === 'trace' ? [{ title: read.title, total: read.total, spans: read.spans }] : [])), problems });
          else for (const [index, { read, source }] of reads.entries()) {
            if (index > 0) host.stdout.write('\n');
            print(read, source, json, host);
          }
          for (const problem of problems) stderr.write(`${stderr.style('yellow', 'warning:')} ${oneLine(problemText(problem))}\n`);
          return exitCodes.success;
        } finally {
          await rm(opened.store, { recursive: true, force: true });
        }
      default:
        return opened satisfies never;
    }
  } catch (error) {
    if (stop.signal.aborted) return exitCodes.interrupted;
    return reportError(userError(`${name}: ${(error as Error).message}`), host, json);
  } finally {
    ignore();
  }
}

function print(read: ReadRecord, source: string, json: boolean, host: Host): void {
  const { style, color, columns } = host.stdout;
  if (read.type === 'unreadable') host.stderr.write(`${host.stderr.style('yellow', 'warning:')} ${source}: ${oneLine(read.message)}\n`);
  else if (read.type === 'run') {
    if (json) writeJson(host.stdout, { ...read.state, path: source });
    else host.stdout.write(`${runDetails(read.state, [], { style, color, columns: columns(), record: source, now: host.now() }).join('\n')}\n`);
  } else if (json) writeJson(host.stdout, { type: read.type, title: read.title, total: read.total, spans: read.spans });
  else host.stdout.write(`${traceLines(read, source, host).join('\n')}\n`);
}

function traceLines({ title, spans, total }: Extract<ReadRecord, { readonly type: 'trace' }>, source: string, host: Host): readonly string[] {
  const { style } = host.stdout;
  const shown = inOrder(spans).slice(0, mostSpans);
  const rest = total - shown.length;
  const rows = table(shown.map(({ span, depth }) => [span.error ? style('red', '✗') : ' ', `${'  '.repeat(Math.min(depth, deepestSpan))}${oneLine(span.name)}`, formatDuration(elapsed(span.start as UnixNano, span.end as UnixNano)), style('dim', oneLine(span.service ?? ''))]));
  return [
    `${style('bold', oneLine(title))}  ${plural(total, 'span')}`,
    `  ${style('dim', 'trace')} ${oneLine(source)}`,
    '',
    ...[...rows, ...(rest > 0 ? [style('dim', `  and ${plural(rest, 'span')} more, which are not shown`)] : [])].map((text) => fit(text, host.stdout.columns())),
  ];
}

/** As a tree; what is its own ancestor stands at the end. */
function inOrder(spans: readonly TimelineSpan[]): readonly { readonly span: TimelineSpan; readonly depth: number }[] {
  const ids = new Set(spans.map((span) => span.spanId));
  const children = new Map<string, TimelineSpan[]>();
  for (const span of spans) {
    const parent = span.parentSpanId !== undefined && ids.has(span.parentSpanId) ? span.parentSpanId : '';
    const siblings = children.get(parent);
    if (siblings === undefined) children.set(parent, [span]);
    else siblings.push(span);
  }
  const ordered: { readonly span: TimelineSpan; readonly depth: number }[] = [];
  const seen = new Set<TimelineSpan>();
  const pending = (children.get('') ?? []).map((span) => ({ span, depth: 0 })).reverse();
  for (let next = pending.pop(); next !== undefined; next = pending.pop()) {
    const { span, depth } = next;
    if (seen.has(span)) continue;
    seen.add(span);
    ordered.push(next);
    pending.push(...(children.get(span.spanId) ?? []).map((child) => ({ span: child, depth: depth + 1 })).reverse());
  }
  return [...ordered, ...spans.filter((span) => !seen.has(span)).map((span) => ({ span, depth: 0 }))];
}
