import type { AttemptState, TaskState } from '../../model/run-state.ts';
import type { CommandLine } from '../arguments.ts';
import { exitCodes, type ExitCode, type Host, type Output } from '../host.ts';
import { writeJson } from '../json-output.ts';
import { openRun, splitReference, taskOf } from '../open-run.ts';
import { createOutputLines } from '../progress/output-lines.ts';
import { shellWord } from '../progress/task-lines.ts';
import { reportError, userError } from '../user-error.ts';

/** `runweave logs RUN/TASK`: what the task printed, its stdout to stdout and its stderr to stderr. */
export async function logsCommand(line: CommandLine, host: Host): Promise<ExitCode> {
  const { json, attempt: number } = line.options;
  const { run: query, task: name } = splitReference(line.arguments[0] ?? '');
  const run = await openRun(query, line, host);
  if (run.type === 'error') return reportError(run, host, json);
  const { state } = run;
  if (name === undefined || name === '') {
    const withOutput = state.tasks.filter((task) => task.attempts.length > 0).map((task) => `${query}/${task.node.id}`);
    const which = withOutput.length === 0 ? 'no task ran in it' : `one of:\n  ${withOutput.map((each) => `runweave logs ${shellWord(each)}`).join('\n  ')}`;
    return reportError(userError(`which task of ${state.runId}? ${which}`), host, json);
  }
  const task = taskOf(state, name);
  if ('type' in task) return reportError(task, host, json);
  const attempt = number === undefined ? task.attempts.at(-1) : task.attempts.find((each) => each.number === number);
  if (number !== undefined && attempt === undefined) {
    const count = task.attempts.length;
    return reportError(userError(`${task.node.id} has no attempt ${number} in ${state.runId}; it had ${count === 0 ? 'none' : String(count)}`), host, json);
  }
  if (json) writeJson(host.stdout, { runId: state.runId, task: task.node.id, attempt: attempt?.number ?? null, output: attempt?.output ?? [] });
  else if (attempt === undefined) host.stderr.write(`${noOutput(task)}\n`);
  else writeOutput(attempt, host);
  return exitCodes.success;
}

function noOutput(task: TaskState): string {
  if (task.madeBy === undefined) return `${task.node.id} did not run in this run`;
  return `${task.node.id} was ${task.skipReason === 'restored' ? 'restored' : 'up to date'} in this run. It ran in: runweave logs ${shellWord(`${task.madeBy.runId}/${task.node.id}`)}`;
}

function writeOutput(attempt: AttemptState, host: Host): void {
  const sinks = { stdout: sink(host.stdout), stderr: sink(host.stderr) };
  for (const chunk of attempt.output) sinks[chunk.stream].write(chunk.text);
  sinks.stdout.end();
  sinks.stderr.end();
}

/** Whole lines, without control sequences that would act on the terminal. */
function sink(output: Output): { readonly write: (text: string) => void; readonly end: () => void } {
  const lines = createOutputLines(output.color);
  const write = (all: readonly string[]): void => {
    if (all.length > 0) output.write(`${all.join('\n')}\n`);
  };
  return { write: (text) => write(lines.push(text)), end: () => write(lines.end()) };
}
