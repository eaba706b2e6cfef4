import type { CommandLine } from '../arguments.ts';
import { checkMachine, type Check } from '../doctor-checks.ts';
import { exitCodes, type ExitCode, type Host } from '../host.ts';
import { writeJson } from '../json-output.ts';
import { findPipelineFile } from '../pipeline-file.ts';
import { padEnd, type Style } from '../text.ts';
import { reportError } from '../user-error.ts';

/** `runweave doctor`: whether this machine can run this pipeline, and what to do where it can't. */
export async function doctorCommand(line: CommandLine, host: Host): Promise<ExitCode> {
  const place = findPipelineFile(host.cwd, line.options.file);
  if (place.type === 'error' && line.options.file !== undefined) return reportError(place, host, line.options.json);
  const checks = await checkMachine({ place: place.type === 'error' ? undefined : place, cwd: host.cwd, environment: host.environment });
  if (line.options.json) writeJson(host.stdout, { checks });
  else host.stdout.write(`${checkLines(checks, host.stdout.style).join('\n')}\n`);
  // A check that fails is not a task that failed, but it is what a script asks for.
  return checks.some((check) => check.status === 'fail') ? exitCodes.taskFailed : exitCodes.success;
}

export function checkLines(checks: readonly Check[], style: Style): string[] {
  const words = { ok: style('green', 'ok  '), warn: style('yellow', 'warn'), fail: style('red', 'fail') } as const;
  const width = Math.max(0, ...checks.map((check) => check.name.length));
  return checks.flatMap((check) => [
    `${words[check.status]}  ${padEnd(check.name, width)}  ${check.message}`,
    ...(check.advice === undefined ? [] : [`      ${' '.repeat(width)}  ${style('dim', `→ ${check.advice}`)}`]),
  ]);
}
