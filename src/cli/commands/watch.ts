import { hasErrors } from '../../model/diagnostic.ts';
import type { CommandLine } from '../arguments.ts';
import { exitCodes, type ExitCode, type Host } from '../host.ts';
import { openPipeline } from '../open-pipeline.ts';
import { createSessionReporter } from '../session-reporter.ts';
import { fromProblem } from '../user-error.ts';

/** `runweave watch`: runs, and again after every change, until SIGINT or SIGTERM. */
export async function watchCommand(line: CommandLine, host: Host): Promise<ExitCode> {
  const reporter = createSessionReporter(line, host);
  const { style } = host.stdout;
  let idle: boolean | undefined;
  let watching = false;
  const message: typeof reporter.message = (said) => {
    reporter.message(said);
    if (watching && said.type === 'graph' && hasErrors(said.graph.diagnostics)) {
      reporter.say(style('yellow', 'the pipeline file has errors; waiting for them to be corrected'));
    }
    if (said.type !== 'status') return;
    const nowIdle = said.watching && !said.running;
    if (nowIdle && idle === undefined) reporter.say(style('dim', 'watching; Ctrl+C ends it'));
    else if (nowIdle && idle === false) reporter.say(style('dim', 'waiting for changes'));
    idle = nowIdle;
  };
  try {
    const session = await openPipeline(line, host, { ...reporter, message });
    if (typeof session === 'number') return session;
    watching = true;
    let interrupts = 0;
    let interrupted: () => void = () => undefined;
    const untilInterrupted = new Promise<void>((resolve) => (interrupted = resolve));
    const stopListening = host.onInterrupt(() => {
      interrupts += 1;
      reporter.note(interrupts === 1 ? 'ending the watch…' : 'still ending the tasks; the record is sealed when they have ended');
      interrupted();
    });
    try {
      const watch = await session.watch(line.arguments);
      if ('code' in watch) {
        const error = fromProblem(watch);
        reporter.error(error);
        return error.exitCode;
      }
      await untilInterrupted;
      return exitCodes.interrupted;
    } finally {
      await session.close();
      stopListening();
    }
  } finally {
    reporter.close();
  }
}
