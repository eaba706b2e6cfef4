import { isFile, showFile } from '../show-file.ts';
import { indexAnnotations, remarksFor } from '../../query/annotations.ts';
import { readAnnotations } from '../../store/annotations.ts';
import { readMakers } from '../../store/read-makers.ts';
import type { CommandLine } from '../arguments.ts';
import { exitCodes, type ExitCode, type Host } from '../host.ts';
import { writeJson } from '../json-output.ts';
import { openRun, splitReference, taskOf } from '../open-run.ts';
import { namePath } from '../pipeline-file.ts';
import { runDetails, taskDetails } from '../run-details.ts';
import { findSeries, seriesCsv, seriesJson, seriesLines } from '../series-text.ts';
import { reportError } from '../user-error.ts';

/** `runweave show RUN[/TASK]`, `show FILE`: what ran, why, with what, and what came out. */
export async function showCommand(line: CommandLine, host: Host): Promise<ExitCode> {
  const { json } = line.options;
  const [reference = ''] = line.arguments;
  if (await isFile(reference, line, host)) return showFile(reference, line, host);
  const { run: query, task: name } = splitReference(reference);
  const run = await openRun(query, line, host);
  if (run.type === 'error') return reportError(run, host, json);
  const { style, color, columns } = host.stdout;
  const options = { style, color, columns: columns() };
  const { series: metric, format } = line.options;
  if (metric !== undefined) {
    const task = name === undefined || name === '' ? undefined : taskOf(run.state, name);
    if (task !== undefined && 'type' in task) return reportError(task, host, json);
    const tasks = task === undefined ? run.state.tasks : [task];
    const makerOf = await readMakers(run.store, [{ tasks }]);
    const found = findSeries({ ...run.state, tasks: tasks.map((each) => makerOf(each) ?? each) }, metric);
    if ('type' in found) return reportError(found, host, json);
    if (json) writeJson(host.stdout, seriesJson(found, metric));
    else host.stdout.write(format === 'csv' ? seriesCsv(found) : `${seriesLines(found).join('\n')}\n`);
    return exitCodes.success;
  }
  const remarks = remarksFor(run.state, indexAnnotations(await readAnnotations(run.store)).remarks());
  if (name === undefined || name === '') {
    if (json) writeJson(host.stdout, { ...run.state, path: run.path, remarks });
    else host.stdout.write(`${runDetails(run.state, remarks, { ...options, record: namePath(run.path, host.cwd), now: host.now(), madeBy: await readMakers(run.store, [run.state], { heads: true }) }).join('\n')}\n`);
    return exitCodes.success;
  }
  const task = taskOf(run.state, name);
  if ('type' in task) return reportError(task, host, json);
  const made = (await readMakers(run.store, [{ tasks: [task] }]))(task);
  const maker = task.madeBy?.runId ?? run.state.runId;
  const ofTask = remarks.filter((remark) => remark.runId === maker && remark.task === task.node.id);
  if (json) writeJson(host.stdout, { ...task, ...(made !== undefined && { made }), remarks: ofTask });
  else host.stdout.write(`${taskDetails(task, run.state.runId, ofTask, { ...options, made }).join('\n')}\n`);
  return exitCodes.success;
}
