/** What is started for each kind of task. */
import path from 'node:path';
import type { Task } from '../../model/pipeline.ts';

export interface CommandContext {
  readonly folder: string;
  /** Absolute path of the folder of the Python helper. */
  readonly pythonPath: string;
  /** Absolute path of the interpreter; absent when the pipeline has shell tasks only. */
  readonly interpreter: string | undefined;
}

/** Program and arguments. */
export function commandOf(task: Task, context: CommandContext): readonly string[] {
  const python = (...args: readonly string[]): readonly string[] => {
    if (context.interpreter === undefined) throw new Error(`no interpreter for ${task.id}`);
    return [context.interpreter, path.join(context.pythonPath, 'runweave_task.py'), ...args];
  };
  switch (task.source.kind) {
    case 'python':
      return python('script', path.join(context.folder, task.source.script));
    case 'notebook':
      return python('notebook', path.join(context.folder, task.source.notebook));
    case 'call':
      return python('call', `${task.source.module}:${task.source.function}`, context.folder);
    case 'shell':
      return shellCommand(task.source.command);
    default:
      return task.source satisfies never;
  }
}

/** Program and arguments for a command of the shell. */
export function shellCommand(command: string): readonly string[] {
  // Windows has no sh; cmd is what npm and make use there. With /s it takes off the outer quotes and no others.
  return process.platform === 'win32'
    ? [process.env['ComSpec'] ?? 'cmd.exe', '/d', '/s', '/c', `"${command}"`]
    : // A command of several lines ends at the first that fails, as in a job of a continuous integration.
      ['/bin/sh', '-e', '-c', command];
}

export function needsInterpreter(task: Task): boolean {
  return task.source.kind !== 'shell';
}
