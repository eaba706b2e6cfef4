import { formatDuration, elapsed } from '../../model/time.ts';
import { lineageOf, lineageTree, type LineageNode, type StaleWarning } from '../../query/lineage.ts';
import { readHeads } from '../../store/read-heads.ts';
import type { CommandLine } from '../arguments.ts';
import { outputOf } from '../find-output.ts';
import { exitCodes, type ExitCode, type Host } from '../host.ts';
import { writeJson } from '../json-output.ts';
import { findRecords } from '../pipeline-file.ts';
import { fit, oneLine, outcomeSymbol } from '../progress/task-lines.ts';
import { relativeTime } from '../run-text.ts';
import type { Style } from '../text.ts';
import { reportError } from '../user-error.ts';
import { taskRunJson } from './history.ts';

/** `runweave trace OUTPUT`: the tree of task runs that made it, or that were made from it. */
export async function traceCommand(line: CommandLine, host: Host): Promise<ExitCode> {
  const { json, forward } = line.options;
  const place = findRecords(host.cwd, line.options.file);
  if (place.type === 'error') return reportError(place, host, json);
  const lineage = lineageOf(await readHeads(place.records));
  const found = outputOf(lineage, line.arguments[0] ?? '');
  if ('type' in found) return reportError(found, host, json);
  const tree = lineageTree(lineage, found.run, { direction: forward ? 'downstream' : 'upstream' });
  if (json) {
    writeJson(host.stdout, { output: { kind: found.kind, name: found.name, ...(found.digest !== undefined && { digest: found.digest }) }, direction: forward ? 'downstream' : 'upstream', tree: nodeJson(tree) });
    return exitCodes.success;
  }
  const { style } = host.stdout;
  const lines = [`${style('bold', oneLine(found.name))}  ${style('dim', `${found.kind}${found.digest === undefined ? '' : ` ${found.digest.slice(0, 19)}`}`)}`, ...treeLines(tree, '', '', { style, now: host.now() })];
  host.stdout.write(`${lines.map((text) => fit(text, host.stdout.columns())).join('\n')}\n`);
  return exitCodes.success;
}

function nodeJson(node: LineageNode): Readonly<Record<string, unknown>> {
  return { ...taskRunJson(node.run), warnings: node.warnings, repeated: node.repeated, children: node.children.map(nodeJson) };
}

function treeLines(node: LineageNode, first: string, rest: string, options: { readonly style: Style; readonly now: number }): readonly string[] {
  const { style, now } = options;
  const { run, warnings, children, repeated } = node;
  const version = run.commit === undefined ? '' : `, ${run.branch === undefined ? '' : `${run.branch}@`}${run.commit.slice(0, 7)}${run.dirty === true ? '*' : ''}`;
  const params = Object.entries(run.params).map(([name, value]) => `${name}=${typeof value === 'string' ? value : JSON.stringify(value)}`).join(' ');
  return [
    `${first}${outcomeSymbol(run.outcome, style)} ${run.task}  ${style('dim', `${run.runId}, ${relativeTime(run.start, now)}, ${formatDuration(elapsed(run.start, run.end))}${oneLine(version)}${repeated ? ', see above' : ''}`)}`,
    ...(params === '' || repeated ? [] : [`${rest}    ${oneLine(params)}`]),
    ...(repeated ? [] : warnings.map((warning) => `${rest}    ${style('yellow', '!')} ${warningText(warning)}`)),
    ...children.flatMap((child, index) => {
      const isLast = index === children.length - 1;
      return treeLines(child, `${rest}${isLast ? '└─ ' : '├─ '}`, `${rest}${isLast ? '   ' : '│  '}`, options);
    }),
  ];
}

function warningText(warning: StaleWarning): string {
  switch (warning.type) {
    case 'old-input':
      return `what ${warning.task} made was ${formatDuration(warning.age)} old when it was used`;
    case 'fresher-run-existed':
      return `used ${warning.task} of ${warning.usedRun}, though ${warning.fresherRun} had made a newer one`;
    default:
      return warning satisfies never;
  }
}
