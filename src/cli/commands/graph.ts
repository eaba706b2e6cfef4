import { readFile } from 'node:fs/promises';
import { disk } from '../../app/disk.ts';
import { loadPipeline } from '../../definition/load-pipeline.ts';
import { hasErrors, type Diagnostic } from '../../model/diagnostic.ts';
import { shapeGraph, shapeLimit } from '../../model/graph-shape.ts';
import { graphToMermaid } from '../../model/mermaid.ts';
import type { GraphTask } from '../../model/graph-task.ts';
import type { CommandLine } from '../arguments.ts';
import { tasksOfRun } from '../../model/graph-of-run.ts';
import { graphToDot, tasksOfFile } from '../graph-tasks.ts';
import { exitCodes, type ExitCode, type Host } from '../host.ts';
import { writeJson } from '../json-output.ts';
import { openRun } from '../open-run.ts';
import { findPipelineFile } from '../pipeline-file.ts';
import { writeDiagnostics } from '../session-reporter.ts';
import { plural } from '../text.ts';
import { reportError } from '../user-error.ts';

/**
 * `runweave graph [RUN]`: of a run, or of the pipeline file. A file with errors still draws what could be understood,
 * and the exit code says that it is not all.
 */
export async function graphCommand(line: CommandLine, host: Host): Promise<ExitCode> {
  const { json } = line.options;
  const [query] = line.arguments;
  if (query !== undefined) {
    const run = await openRun(query, line, host);
    if (run.type === 'error') return reportError(run, host, json);
    write(run.state.pipeline.name, tasksOfRun(run.state), [], line, host);
    return exitCodes.success;
  }
  const place = findPipelineFile(host.cwd, line.options.file);
  if (place.type === 'error') return reportError(place, host, json);
  const text = await readFile(place.file, 'utf8');
  const { graph } = loadPipeline({ file: place.file, text, environment: host.environment, disk });
  if (!json) writeDiagnostics(graph, host);
  write(graph.name, tasksOfFile(graph), graph.diagnostics, line, host);
  return hasErrors(graph.diagnostics) ? exitCodes.badUsage : exitCodes.success;
}

function write(name: string, tasks: readonly GraphTask[], diagnostics: readonly Diagnostic[], line: CommandLine, { stdout, stderr }: Host): void {
  const format = line.options.json ? 'json' : (line.options.format ?? 'mermaid');
  if (format === 'json') writeJson(stdout, { name, tasks, diagnostics });
  else if (format === 'dot') stdout.write(`${graphToDot(name, tasks)}\n`);
  else {
    stdout.write(`${graphToMermaid(tasks, {}).trimEnd()}\n`);
    const note = groupedNote(tasks);
    if (note !== undefined) stderr.write(`${note}\n`);
  }
}

/** What a drawing of many tasks leaves out; `undefined` when it has all that it should. */
function groupedNote(tasks: readonly GraphTask[]): string | undefined {
  const { nodes, hidden } = shapeGraph(tasks);
  const groups = nodes.filter((node) => node.type === 'group').length;
  if (groups === 0 && hidden === 0) return undefined;
  const what = [...(groups === 0 ? [] : [`${plural(groups, 'group')} ${groups === 1 ? 'stands' : 'stand'} for tasks whose names begin alike`]), ...(hidden === 0 ? [] : [`${plural(hidden, 'task')} ${hidden === 1 ? 'is' : 'are'} not drawn`])];
  return `note: more than ${shapeLimit} nodes can't be laid out well, so ${what.join(', and ')}; --format dot and --format json have all ${tasks.length} tasks`;
}
