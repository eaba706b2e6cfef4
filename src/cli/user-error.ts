import type { ProblemCode } from '../protocol/session.ts';
import { exitCodes, type ExitCode, type Host } from './host.ts';

/** What went wrong and is not Runweave's fault: a message for the user, and the exit code. */
export interface UserError {
  readonly type: 'error';
  readonly code: ProblemCode | 'usage';
  readonly message: string;
  readonly exitCode: ExitCode;
}

export function userError(message: string): UserError {
  return { type: 'error', code: 'usage', message, exitCode: exitCodes.badUsage };
}

export function fromProblem(problem: { readonly code: ProblemCode; readonly message: string }): UserError {
  return { type: 'error', code: problem.code, message: problem.message, exitCode: exitCodeOf(problem.code) };
}

/** Prints the error to stderr, or as a JSON document to stdout, and returns its exit code. */
export function reportError(error: UserError, host: Pick<Host, 'stdout' | 'stderr'>, json: boolean): ExitCode {
  if (json) host.stdout.write(`${JSON.stringify({ type: 'problem', code: error.code, message: error.message })}\n`);
  else host.stderr.write(`${host.stderr.style('red', 'error:')} ${error.message}\n`);
  return error.exitCode;
}

/** The exit code that a problem of a session means. */
function exitCodeOf(code: ProblemCode): ExitCode {
  switch (code) {
    case 'locked':
      return exitCodes.locked;
    case 'bad-pipeline':
    case 'unknown-task':
    case 'inputs-changed':
      return exitCodes.badUsage;
    case 'no-interpreter':
    case 'storage':
    case 'internal':
      return exitCodes.taskFailed;
    default:
      return code satisfies never;
  }
}
