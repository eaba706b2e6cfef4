import type { Session } from '../app/session.ts';
import { hasErrors } from '../model/diagnostic.ts';
import type { LoadedGraph, OpenOptions, SessionMessage } from '../protocol/session.ts';
import type { CommandLine } from './arguments.ts';
import { exitCodes, type ExitCode, type Host } from './host.ts';
import { findPipelineFile } from './pipeline-file.ts';
import type { UserError } from './user-error.ts';

export interface OpenListener {
  readonly message: (message: SessionMessage) => void;
  readonly graph: (graph: LoadedGraph) => void;
  readonly error: (error: UserError) => void;
}

/**
 * The session that a command works with; the exit code, after the listener was told why, when there can be none.
 * A pipeline file with errors is none.
 */
export async function openPipeline(line: CommandLine, host: Host, listener: OpenListener): Promise<Session | ExitCode> {
  const fail = (error: UserError): ExitCode => {
    listener.error(error);
    return error.exitCode;
  };
  const place = findPipelineFile(host.cwd, line.options.file);
  if (place.type === 'error') return fail(place);
  // What reads YAML is loaded for it.
  const set = line.options.set.length === 0 ? undefined : (await import('./set-option.ts')).parseSetOptions(line.options.set);
  if (set?.type === 'error') return fail({ type: 'error', code: 'usage', message: set.message, exitCode: exitCodes.badUsage });
  const { jobs, 'on-failure': onFailure } = line.options;
  const options: OpenOptions = {
    file: place.file,
    ...(set !== undefined && { set: set.values }),
    ...(jobs !== undefined && { jobs }),
    ...(onFailure !== undefined && { onFailure }),
  };
  const session = await host.openSession(options, listener.message);
  const graph = session.graph();
  listener.graph(graph);
  if (!hasErrors(graph.diagnostics)) return session;
  await session.close();
  return exitCodes.badUsage;
}
