import { formatDuration, elapsed } from '../../model/time.ts';
import { describeWarning, lineageOf, lineageTree, outsideInputs, type Lineage, type LineageNode, type TaskRun } from '../../query/lineage.ts';
import { indexAnnotations, type Remark } from '../../query/annotations.ts';
import { readAnnotationsOf } from '../../store/annotations.ts';
import { readHeadsOf } from '../../store/read-heads.ts';
import type { CommandLine } from '../arguments.ts';
import { outputOf } from '../find-output.ts';
import { exitCodes, type ExitCode, type Host } from '../host.ts';
import { writeJson } from '../json-output.ts';
import { findRecordFolders } from '../pipeline-file.ts';
import { fit, oneLine, outcomeSymbol } from '../progress/task-lines.ts';
import { relativeTime } from '../run-text.ts';
import type { Style } from '../text.ts';
import { parseAge } from '../age.ts';
import { taskRemarkLines } from '../remark-lines.ts';
import { reportError } from '../user-error.ts';
import { taskRunJson } from './history.ts';

/** `runweave trace OUTPUT`: the tree of task runs that made it, or that were made from it. */
export async function traceCommand(line: CommandLine, host: Host): Promise<ExitCode> {
  const { json, forward, 'stale-after': staleAfter } = line.options;
  const oldInput = staleAfter === undefined ? undefined : parseAge(staleAfter, '--stale-after');
  if (typeof oldInput === 'object') return reportError(oldInput, host, json);
  const place = findRecordFolders(host.cwd, line.options);
  if (place.type === 'error') return reportError(place, host, json);
  const [states, annotations] = await Promise.all([readHeadsOf(place.folders), readAnnotationsOf(place.folders)]);
  const lineage = lineageOf(states);
  const remarks = indexAnnotations(annotations).remarks();
  const remarksOn: RemarksOn = ({ runId, task }) => remarks.filter((remark) => remark.runId === runId && remark.task === task);
  const found = await outputOf(lineage, line.arguments[0] ?? '', place.folders.map(({ store }) => store));
  if ('type' in found) return reportError(found, host, json);
  const tree = lineageTree(lineage, found.run, { direction: forward ? 'downstream' : 'upstream', ...(oldInput !== undefined && { oldInput }) });
  if (json) {
    writeJson(host.stdout, { output: { kind: found.kind, name: found.name, ...(found.digest !== undefined && { digest: found.digest }) }, direction: forward ? 'downstream' : 'upstream', tree: nodeJson(tree, lineage, remarksOn) });
    return exitCodes.success;
  }
  const { style } = host.stdout;
  const lines = [`${style('bold', oneLine(found.name))}  ${style('dim', `${found.kind}${found.digest === undefined ? '' : ` ${found.digest.slice(0, 19)}`}`)}`, ...treeLines(tree, '', '', { style, now: host.now(), lineage, remarksOn })];
  host.stdout.write(`${lines.map((text) => fit(text, host.stdout.columns())).join('\n')}\n`);
  return exitCodes.success;
}

/** What people said of an execution and its outputs. */
type RemarksOn = (run: TaskRun) => readonly Remark[];

function nodeJson(node: LineageNode, lineage: Lineage, remarksOn: RemarksOn): Readonly<Record<string, unknown>> {
  const { run, warnings, repeated, left, children } = node;
  return { ...taskRunJson(run), outsideInputs: outsideInputs(lineage, run), warnings: warnings.map((warning) => ({ ...warning, text: describeWarning(warning) })), remarks: remarksOn(run), repeated, left, children: children.map((child) => nodeJson(child, lineage, remarksOn)) };
}

function treeLines(node: LineageNode, first: string, rest: string, options: { readonly style: Style; readonly now: number; readonly lineage: Lineage; readonly remarksOn: RemarksOn }): readonly string[] {
  const { style, now, lineage, remarksOn } = options;
  const { run, warnings, children, repeated, left } = node;
  const version = run.commit === undefined ? '' : `, ${run.branch === undefined ? '' : `${run.branch}@`}${run.commit.slice(0, 7)}${run.dirty === true ? '*' : ''}`;
  const params = Object.entries(run.params).map(([name, value]) => `${name}=${typeof value === 'string' ? value : JSON.stringify(value)}`).join(' ');
  return [
    `${first}${outcomeSymbol(run.outcome, style)} ${run.task}  ${style('dim', `${run.runId}, ${relativeTime(run.start, now)}, ${formatDuration(elapsed(run.start, run.end))}${oneLine(version)}${repeated ? ', see above' : ''}`)}`,
    ...(repeated ? [] : [...about(run), ...(params === '' ? [] : [oneLine(params)]), ...inputLines(lineage, run)].map((text) => `${rest}    ${text}`)),
    ...(repeated ? [] : taskRemarkLines(remarksOn(run), style).map((text) => `${rest}    ${text}`)),
    ...(repeated ? [] : warnings.map((warning) => `${rest}    ${style('yellow', '!')} ${oneLine(describeWarning(warning))}`)),
    ...(left === 0 ? [] : [`${rest}    ${style('dim', `and ${left} more`)}`]),
    ...children.flatMap((child, index) => {
      const isLast = index === children.length - 1;
      return treeLines(child, `${rest}${isLast ? '└─ ' : '├─ '}`, `${rest}${isLast ? '   ' : '│  '}`, options);
    }),
  ];
}

/** `trains on the split, by data-team` */
function about({ node: { description, owner } }: TaskRun): readonly string[] {
  const text = [description, owner === undefined ? undefined : `by ${owner}`].filter((part) => part !== undefined).join(', ');
  return text === '' ? [] : [oneLine(text)];
}

const mostInputs = 6;

function inputLines(lineage: Lineage, run: TaskRun): readonly string[] {
  const inputs = Object.entries(outsideInputs(lineage, run));
  if (inputs.length === 0) return [];
  const named = inputs.slice(0, mostInputs).map(([path, digest]) => `${path} ${digest.slice('sha256:'.length, 'sha256:'.length + 8)}`);
  return [oneLine(`read ${named.join(', ')}${inputs.length > mostInputs ? ` and ${inputs.length - mostInputs} more` : ''}`)];
}
