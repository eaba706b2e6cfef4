import { ganttOf, ganttToMermaid, ganttToText } from '../../model/gantt.ts';
import type { RunState } from '../../model/run-state.ts';
import { elapsed, formatDuration } from '../../model/time.ts';
import { findSpans } from '../../query/find-spans.ts';
import type { CommandLine } from '../arguments.ts';
import { exitCodes, type ExitCode, type Host } from '../host.ts';
import { writeJson } from '../json-output.ts';
import { openRun } from '../open-run.ts';
import { fit, oneLine } from '../progress/task-lines.ts';
import { plural, table } from '../text.ts';
import { reportError } from '../user-error.ts';

/** Wide enough to read where there is no terminal to fit. */
const defaultWidth = 100;

/** `runweave gantt RUN`: when each task ran. `━` marks the tasks that made the run as long as it was. */
export async function ganttCommand(line: CommandLine, host: Host): Promise<ExitCode> {
  const { json, format, search } = line.options;
  const run = await openRun(line.arguments[0] ?? '', line, host);
  if (run.type === 'error') return reportError(run, host, json);
  const { state } = run;
  if (search !== undefined) return printSpans(state, search, host, json);
  const gantt = ganttOf(state);
  const { stdout } = host;
  if (json) writeJson(stdout, gantt);
  else if (format === 'mermaid') stdout.write(ganttToMermaid(gantt, state.runId));
  else {
    const length = state.end === undefined ? 'running' : formatDuration(elapsed(state.start, state.end));
    const bars = gantt.rows.length === 0 ? `no task ran in it\n` : ganttToText(gantt, stdout.columns() ?? defaultWidth);
    stdout.write(`${stdout.style('bold', state.runId)}  ${length}\n${bars}`);
  }
  return exitCodes.success;
}

/** What was found, as a table: when it began, how long it took, and where the words were. */
function printSpans(state: RunState, search: string, { stdout }: Host, json: boolean): ExitCode {
  const { rows, total } = findSpans(state, search);
  const found = rows.filter((row) => row.found);
  if (json) {
    writeJson(stdout, { total, spans: found.map(({ found: _, key: __, ...span }) => span) });
    return exitCodes.success;
  }
  const lines = table(found.map(({ type, task, name, start, end, where }) => [formatDuration(start), formatDuration(end - start), oneLine(type === 'task' ? name : `${task} › ${name}`), where === undefined ? '' : stdout.style('dim', oneLine(`${where[0]}=${where[1]}`))]));
  const columns = stdout.columns();
  stdout.write(`${[`${stdout.style('bold', state.runId)}  ${plural(total, 'span')} found`, ...lines.map((each) => fit(each, columns))].join('\n')}\n`);
  return exitCodes.success;
}
