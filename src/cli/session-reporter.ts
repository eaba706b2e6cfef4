/** Shows what a session says, to people or as JSON lines. `run` and `watch` share it. */
import { readFileSync } from 'node:fs';
import { hasErrors, isOfFile } from '../model/diagnostic.ts';
import { jsonText } from '../model/whole-float.ts';
import type { LoadedGraph, RunResult, SessionMessage } from '../protocol/session.ts';
import type { CommandLine } from './arguments.ts';
import { diagnosticCount, diagnosticLines } from './diagnostics.ts';
import type { Host } from './host.ts';
import { namePath } from './pipeline-file.ts';
import { createRunPrinter } from './progress/run-printer.ts';
import { fromProblem, reportError, type UserError } from './user-error.ts';

export interface SessionReporter {
  readonly message: (message: SessionMessage) => void;
  /** The graph that is loaded now; said once for each change of its diagnostics. */
  readonly graph: (graph: LoadedGraph) => void;
  readonly sealed: (result: RunResult) => void;
  readonly error: (error: UserError) => void;
  /** A line for people. */
  readonly say: (line: string) => void;
  /** A note beside the progress: that the run is being ended. */
  readonly note: (text: string) => void;
  readonly close: () => void;
}

export function createSessionReporter(line: CommandLine, host: Host): SessionReporter {
  return line.options.json ? jsonReporter(host) : textReporter(line, host);
}

function jsonReporter(host: Host): SessionReporter {
  const write = (value: unknown): void => {
    host.stdout.write(`${jsonText(value)}\n`);
  };
  let said = '[]';
  const graph = (loaded: LoadedGraph): void => {
    const text = JSON.stringify(loaded.diagnostics);
    if (text !== said) write({ type: 'diagnostics', diagnostics: loaded.diagnostics });
    said = text;
  };
  return {
    message(message) {
      switch (message.type) {
        case 'event':
          write(message.event);
          return;
        case 'graph':
          graph(message.graph);
          return;
        case 'sealed':
        case 'recovered':
        case 'notice':
        case 'problem':
          write(message);
          return;
        // The events say it too, or it is for people.
        case 'interpreter':
        case 'plan':
        case 'status':
        case 'estimate':
          return;
        default:
          message satisfies never;
      }
    },
    graph,
    sealed: (result) => write({ type: 'sealed', result }),
    error: (error) => void reportError(error, host, true),
    say: () => undefined,
    note: () => undefined,
    close: () => undefined,
  };
}

function textReporter(line: CommandLine, host: Host): SessionReporter {
  const { style } = host.stdout;
  const nameFile = (path: string): string => namePath(path, host.cwd);
  const printer = createRunPrinter(host, { verbose: line.options.verbose, nameFile });
  let said = '[]';
  const graph = (loaded: LoadedGraph): void => {
    const text = JSON.stringify(loaded.diagnostics);
    if (text === said) return;
    const corrected = said !== '[]' && loaded.diagnostics.length === 0;
    said = text;
    if (corrected) printer.print([style('green', `${nameFile(loaded.file)} is in order again`)]);
    else writeDiagnostics(loaded, host);
  };
  return {
    message(message) {
      switch (message.type) {
        case 'event':
          printer.event(message.event);
          return;
        case 'estimate':
          printer.estimate(message.durations, message.slots);
          return;
        case 'graph':
          graph(message.graph);
          return;
        case 'interpreter': {
          const { path, version, origin } = message.interpreter;
          printer.print([style('dim', `Python: ${version}, ${nameFile(path)} (${origin})`)]);
          return;
        }
        case 'sealed':
          printer.sealed(message.result.record);
          return;
        case 'recovered':
          printer.print([`${style('yellow', '!')} an earlier run was cut off; its record is sealed: ${message.result.runId}`]);
          return;
        case 'notice':
          printer.print([`${style('yellow', '!')} ${message.message}`]);
          return;
        case 'problem':
          reportError(fromProblem(message), host, false);
          return;
        case 'plan':
        case 'status':
          return;
        default:
          message satisfies never;
      }
    },
    graph,
    sealed: (result) => printer.sealed(result.record),
    error: (error) => void reportError(error, host, false),
    say: (text) => printer.print([text]),
    note: (text) => printer.note(text),
    close: () => printer.close(),
  };
}

/** Prints the mistakes of a pipeline file to stderr, with their lines on a terminal. */
export function writeDiagnostics(graph: Pick<LoadedGraph, 'file' | 'diagnostics'>, host: Pick<Host, 'stderr' | 'cwd'>): void {
  const { stderr, cwd } = host;
  const nameFile = (path: string): string => namePath(path, cwd);
  const lines = diagnosticLines(graph.diagnostics, {
    nameFile,
    textOf: readText,
    style: stderr.style,
    withSource: stderr.columns() !== undefined,
    columns: stderr.columns(),
  });
  if (lines.length === 0) return;
  const ofFile = graph.diagnostics.filter(isOfFile);
  const count = `${diagnosticCount(ofFile)} in ${nameFile(graph.file)}`;
  stderr.write(`${[...lines, ...(hasErrors(ofFile) ? [count] : [])].join('\n')}\n`);
}

function readText(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return undefined;
  }
}
