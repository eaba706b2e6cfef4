import type { RunOptions } from '../../protocol/session.ts';
import type { CommandLine } from '../arguments.ts';
import { exitCodes, type ExitCode, type Host } from '../host.ts';
import { openPipeline } from '../open-pipeline.ts';
import { createSessionReporter } from '../session-reporter.ts';
import { fromProblem } from '../user-error.ts';

/** `runweave run`: brings tasks up to date, shows how, and says by the exit code whether all went well. */
export function runCommand(line: CommandLine, host: Host): Promise<ExitCode> {
  return runTasks({ tasks: line.arguments, force: line.options.force }, line, host);
}

export async function runTasks(options: RunOptions, line: CommandLine, host: Host): Promise<ExitCode> {
  const reporter = createSessionReporter(line, host);
  try {
    // The result of the run says that it is sealed; the message would say it twice.
    const message: typeof reporter.message = (said) => {
      if (said.type !== 'sealed') reporter.message(said);
    };
    const session = await openPipeline(line, host, { ...reporter, message });
    if (typeof session === 'number') return session;
    let interrupts = 0;
    const stopListening = host.onInterrupt(() => {
      interrupts += 1;
      reporter.note(interrupts === 1 ? 'ending the tasks and sealing the record…' : 'still ending the tasks; the record is sealed when they have ended');
      // Also when no task runs yet: a cancelled session starts none.
      if (interrupts === 1) void session.close();
    });
    try {
      const result = await session.run(options);
      if ('code' in result) {
        const error = fromProblem(result);
        reporter.error(error);
        return error.exitCode;
      }
      reporter.sealed(result);
      if (interrupts > 0) return exitCodes.interrupted;
      return result.outcome === 'success' || result.outcome === 'skip' ? exitCodes.success : exitCodes.taskFailed;
    } finally {
      await session.close();
      stopListening();
    }
  } finally {
    reporter.close();
  }
}
