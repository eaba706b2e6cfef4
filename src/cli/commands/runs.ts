import { countsText, relativeTime } from '../run-text.ts';
import type { RunListEntry, RunSummary } from '../../model/record.ts';
import { elapsed, formatDuration, toDate } from '../../model/time.ts';
import { listRuns } from '../../store/list-runs.ts';
import type { CommandLine } from '../arguments.ts';
import { exitCodes, type ExitCode, type Host } from '../host.ts';
import { writeJson } from '../json-output.ts';
import { findRecords, namePath } from '../pipeline-file.ts';
import { oneLine, outcomeSymbol, outcomeWord } from '../progress/task-lines.ts';
import { formatNumber, plural, table, truncate, type Style } from '../text.ts';
import { reportError } from '../user-error.ts';

const defaultLimit = 20;

/** `runweave runs`: the recorded runs, newest first. A record that can't be read is listed with its error. */
export async function runsCommand(line: CommandLine, host: Host): Promise<ExitCode> {
  const { json, all, limit } = line.options;
  const place = findRecords(host.cwd, line.options.file);
  if (place.type === 'error') return reportError(place, host, json);
  const entries = await listRuns(place.records);
  const shown = all ? entries : entries.slice(0, limit ?? defaultLimit);
  if (json) {
    writeJson(host.stdout, { runs: shown.map(runJson), total: entries.length });
    return exitCodes.success;
  }
  const { style } = host.stdout;
  const lines = runLines(shown, { style, columns: host.stdout.columns(), now: host.now(), nameFile: (path) => namePath(path, host.cwd) });
  if (lines.length === 0) lines.push('no runs yet. Record one with: runweave run');
  if (shown.length < entries.length) lines.push(style('dim', `and ${plural(entries.length - shown.length, 'older run')}: runweave runs --all`));
  host.stdout.write(`${lines.join('\n')}\n`);
  return exitCodes.success;
}

/** A summary as programs get it: with the times also in a form that every language reads. */
function runJson(entry: RunListEntry): unknown {
  if (entry.type === 'unreadable') return entry;
  const { start, end } = entry.summary;
  return {
    type: 'run',
    ...entry.summary,
    metrics: Object.fromEntries(entry.summary.series.map(({ task, name, last }) => [`${task}.${name}`, last])),
    startTime: toDate(start).toISOString(),
    ...(end !== undefined && { endTime: toDate(end).toISOString(), durationMilliseconds: elapsed(start, end) }),
  };
}

export interface RunLinesOptions {
  readonly style: Style;
  readonly columns: number | undefined;
  readonly now: number;
  readonly nameFile: (path: string) => string;
}

/** The table of runs, and below it the records that can't be read. */
export function runLines(entries: readonly RunListEntry[], { style, columns, now, nameFile }: RunLinesOptions): string[] {
  const runs = entries.flatMap((entry) => (entry.type === 'run' ? [entry.summary] : []));
  const unreadable = entries.flatMap((entry) => (entry.type === 'unreadable' ? [entry] : []));
  const rows = runs.map((run) => [
    status(run, style),
    run.runId,
    relativeTime(run.start, now),
    run.end === undefined ? '' : formatDuration(elapsed(run.start, run.end)),
    countsText(run.counts),
    version(run),
    style('dim', metrics(run)),
  ]);
  const header = ['STATUS', 'RUN', 'STARTED', 'TIME', 'TASKS', 'VERSION', 'METRICS'].map((title) => style('dim', title));
  const cut = (line: string): string => (columns === undefined ? line : truncate(line, columns));
  return [
    ...(rows.length === 0 ? [] : table([header, ...rows]).map(cut)),
    ...unreadable.map((entry) => `${style('red', '✗')} ${nameFile(entry.path)}: ${oneLine(entry.message)}`),
  ];
}

function status(run: RunSummary, style: Style): string {
  if (run.outcome === undefined) return `${style('cyan', '▸')} running`;
  return `${outcomeSymbol(run.outcome, style)} ${run.interrupted ? 'cut off' : outcomeWord(run.outcome)}`;
}

/** `main@1a2b3c4`, with a star when there were changes that no commit holds. */
function version(run: RunSummary): string {
  if (run.commit === undefined) return oneLine(run.branch ?? '');
  return oneLine(`${run.branch === undefined ? '' : `${run.branch}@`}${run.commit.slice(0, 7)}${run.dirty === true ? '*' : ''}`);
}

function metrics(run: RunSummary): string {
  return run.series
    .slice(0, 3)
    .map(({ task, name, last }) => `${oneLine(`${task}.${name}`)}=${formatNumber(Number(last))}`)
    .join('  ');
}
