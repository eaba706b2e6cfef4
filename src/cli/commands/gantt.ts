import { ganttOf, ganttToMermaid, ganttToText } from '../../model/gantt.ts';
import { elapsed, formatDuration } from '../../model/time.ts';
import type { CommandLine } from '../arguments.ts';
import { exitCodes, type ExitCode, type Host } from '../host.ts';
import { writeJson } from '../json-output.ts';
import { openRun } from '../open-run.ts';
import { reportError } from '../user-error.ts';

/** Wide enough to read where there is no terminal to fit. */
const defaultWidth = 100;

/** `runweave gantt RUN`: when each task ran. `━` marks the tasks that made the run as long as it was. */
export async function ganttCommand(line: CommandLine, host: Host): Promise<ExitCode> {
  const { json, format } = line.options;
  const run = await openRun(line.arguments[0] ?? '', line, host);
  if (run.type === 'error') return reportError(run, host, json);
  const { state } = run;
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
