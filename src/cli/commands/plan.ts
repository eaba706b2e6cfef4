import { describeReason } from '../../model/fingerprint.ts';
import { summarizePlan, type PlanEntry } from '../../model/plan.ts';
import type { Diagnostic } from '../../model/diagnostic.ts';
import type { CommandLine } from '../arguments.ts';
import { exitCodes, type ExitCode, type Host } from '../host.ts';
import { writeJson } from '../json-output.ts';
import { openPipeline } from '../open-pipeline.ts';
import { oneLine } from '../progress/task-lines.ts';
import { writeDiagnostics } from '../session-reporter.ts';
import type { Style } from '../text.ts';
import { fromProblem, reportError } from '../user-error.ts';

/** `runweave plan`: what a run would do now, and why. Runs nothing. */
export async function planCommand(line: CommandLine, host: Host): Promise<ExitCode> {
  const { json } = line.options;
  let diagnostics: readonly Diagnostic[] = [];
  const session = await openPipeline(line, host, {
    message(message) {
      if (message.type === 'notice' && !json) host.stderr.write(`${host.stderr.style('yellow', '!')} ${message.message}\n`);
    },
    graph(graph) {
      diagnostics = graph.diagnostics;
      if (!json) writeDiagnostics(graph, host);
    },
    error: (error) => void reportError(error, host, json),
  });
  if (typeof session === 'number') {
    if (json && diagnostics.length > 0) writeJson(host.stdout, { type: 'diagnostics', diagnostics });
    return session;
  }
  try {
    const entries = await session.plan(line.arguments);
    if ('code' in entries) return reportError(fromProblem(entries), host, json);
    if (json) writeJson(host.stdout, { entries, diagnostics });
    else host.stdout.write(`${planLines(entries, host.stdout.style).join('\n')}\n`);
    return exitCodes.success;
  } finally {
    await session.close();
  }
}

/** Every task that is not up to date with its reasons, a line each, and the counts. */
export function planLines(entries: readonly PlanEntry[], style: Style): string[] {
  const lines = entries.flatMap((entry) => {
    switch (entry.action) {
      case 'run':
        return [`${style('cyan', '▸')} ${entry.task}`, ...reasonLines(entry.reasons, style)];
      case 'restore':
        return [`${style('cyan', '=')} ${entry.task}  ${style('dim', `restored from ${entry.madeBy.runId}`)}`, ...reasonLines(entry.reasons, style)];
      case 'maybe':
        return [`${style('yellow', '?')} ${entry.task}  ${style('dim', 'only if what it needs makes other outputs')}`, ...reasonLines(entry.reasons, style)];
      case 'manual':
        return [`${style('yellow', '-')} ${entry.task}  ${style('dim', 'stale, runs on request')}`, ...reasonLines(entry.reasons, style)];
      case 'skip':
        return [];
      default:
        return entry satisfies never;
    }
  });
  return [...lines, style('bold', summarizePlan(entries))];
}

function reasonLines(reasons: Extract<PlanEntry, { readonly reasons: unknown }>['reasons'], style: Style): string[] {
  return reasons.map((reason) => style('dim', `    ${oneLine(describeReason(reason))}`));
}
