import { describeReason } from '../../model/fingerprint.ts';
import { nearName } from '../../model/near-name.ts';
import { elapsed, formatDuration, toDate } from '../../model/time.ts';
import { historyOf, lineageOf, type TaskRun } from '../../query/lineage.ts';
import { readHeadsOf } from '../../store/read-heads.ts';
import type { CommandLine } from '../arguments.ts';
import { exitCodes, type ExitCode, type Host } from '../host.ts';
import { writeJson } from '../json-output.ts';
import { findRecordFolders } from '../pipeline-file.ts';
import { briefValues, briefReasons, fit, oneLine, outcomeSymbol, outcomeWord } from '../progress/task-lines.ts';
import { relativeTime } from '../run-text.ts';
import { plural, table } from '../text.ts';
import { reportError, userError } from '../user-error.ts';

const defaultLimit = 20;

/** `runweave history TASK`: the executions of one task. */
export async function historyCommand(line: CommandLine, host: Host): Promise<ExitCode> {
  const name = line.arguments[0] ?? '';
  return list(line, host, (lineage) => {
    const runs = historyOf(lineage, name);
    if (runs.length > 0) return runs;
    const near = nearName(name, new Set(lineage.all().flatMap((run) => [run.task as string, run.node.name])));
    return userError(`no recorded run executed ${name}${near === undefined ? '' : ` (did you mean ${near}?)`}`);
  });
}

/** `runweave recent`: the latest executions of all tasks. */
export function recentCommand(line: CommandLine, host: Host): Promise<ExitCode> {
  return list(line, host, (lineage) => lineage.all());
}

async function list(line: CommandLine, host: Host, select: (lineage: ReturnType<typeof lineageOf>) => readonly TaskRun[] | ReturnType<typeof userError>): Promise<ExitCode> {
  const { json, all, limit } = line.options;
  const place = findRecordFolders(host.cwd, line.options);
  if (place.type === 'error') return reportError(place, host, json);
  const states = await readHeadsOf(place.folders);
  const selected = select(lineageOf(states));
  if ('type' in selected) return reportError(selected, host, json);
  const shown = all ? selected : selected.slice(0, limit ?? defaultLimit);
  if (json) {
    writeJson(host.stdout, { executions: shown.map((run) => taskRunJson(run)), total: selected.length });
    return exitCodes.success;
  }
  const { style } = host.stdout;
  const rows = shown.map((run) => {
    return [
      `${outcomeSymbol(run.outcome, style)} ${outcomeWord(run.outcome)}`,
      run.task,
      run.runId,
      relativeTime(run.start, host.now()),
      formatDuration(elapsed(run.start, run.end)),
      `${briefValues(run.metrics)}  ${style('dim', oneLine(briefReasons(run.reasons)))}`.trim(),
    ];
  });
  const header = ['OUTCOME', 'TASK', 'RUN', 'STARTED', 'TIME', 'METRICS, REASON'].map((title) => style('dim', title));
  const lines = rows.length === 0 ? ['no task was executed yet'] : table([header, ...rows]).map((row) => fit(row, host.stdout.columns()));
  if (shown.length < selected.length) lines.push(style('dim', `and ${plural(selected.length - shown.length, 'earlier execution')}: --limit N, or --all for a task`));
  host.stdout.write(`${lines.join('\n')}\n`);
  return exitCodes.success;
}

/** A task run as programs get it. */
export function taskRunJson(run: TaskRun): Readonly<Record<string, unknown>> {
  const { node, start, end, ...rest } = run;
  return {
    ...rest,
    name: node.name,
    kind: node.kind,
    ...(node.owner !== undefined && { owner: node.owner }),
    ...(node.description !== undefined && { description: node.description }),
    startTime: toDate(start).toISOString(),
    endTime: toDate(end).toISOString(),
    durationMilliseconds: elapsed(start, end),
    reasonTexts: run.reasons.map(describeReason),
  };
}
