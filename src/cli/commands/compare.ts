import type { Json } from '../../model/json.ts';
import type { RunState } from '../../model/run-state.ts';
import { formatDuration } from '../../model/time.ts';
import { compareRuns, differenceTitles, type Difference, type PerRun } from '../../query/compare.ts';
import { readMakers } from '../../store/read-makers.ts';
import type { CommandLine } from '../arguments.ts';
import { exitCodes, type ExitCode, type Host } from '../host.ts';
import { writeJson } from '../json-output.ts';
import { openRun } from '../open-run.ts';
import { findRecords } from '../pipeline-file.ts';
import { fit, oneLine } from '../progress/task-lines.ts';
import { formatNumber, table, truncate, type Style } from '../text.ts';
import { reportError } from '../user-error.ts';

/** Of each kind of difference, so many are shown without `--all`. */
const shownOfKind = 12;

/** `runweave compare RUN RUN…`: what differs, causes first. */
export async function compareCommand(line: CommandLine, host: Host): Promise<ExitCode> {
  const { json, all } = line.options;
  const place = findRecords(host.cwd, line.options.file);
  if (place.type === 'error') return reportError(place, host, json);
  const states: RunState[] = [];
  for (const query of line.arguments) {
    const run = await openRun(query, line, host);
    if (run.type === 'error') return reportError(run, host, json);
    states.push(run.state);
  }
  const comparison = compareRuns(states, await readMakers(place.records, states));
  if (json) {
    writeJson(host.stdout, { runs: comparison.runs, differences: comparison.differences });
    return exitCodes.success;
  }
  const { style } = host.stdout;
  const kinds = [...new Set(comparison.differences.map((difference) => difference.type))];
  const lines = kinds.flatMap((kind) => {
    const ofKind = comparison.differences.filter((difference) => difference.type === kind);
    const shown = all ? ofKind : ofKind.slice(0, shownOfKind);
    const more = ofKind.length - shown.length;
    return ['', style('bold', differenceTitles[kind]), ...table(shown.map((difference) => rowOf(difference, style))).map((text) => `  ${text}`), ...(more > 0 ? [style('dim', `  and ${more} more: --all`)] : [])];
  });
  const header = states.map((state, index) => `${index === 0 ? 'from' : index === 1 ? 'to' : '  '}  ${state.runId}`);
  host.stdout.write(`${[...header, ...(lines.length === 0 ? ['', 'no differences'] : lines)].map((text) => fit(text, host.stdout.columns())).join('\n')}\n`);
  return exitCodes.success;
}

function rowOf(difference: Difference, style: Style): readonly string[] {
  switch (difference.type) {
    case 'tasks':
      return [difference.task, difference.there.map((there) => (there ? 'there' : 'not there')).join(' → ')];
    case 'param':
      return [difference.task === undefined ? oneLine(difference.name) : `${difference.task}: ${oneLine(difference.name)}`, values(difference.values, jsonText)];
    case 'definition':
      return [`${difference.task}: ${difference.part}`, values(difference.values, jsonText)];
    case 'return':
      return [`${difference.task}.${oneLine(difference.name)}`, values(difference.values, jsonText)];
    case 'source':
    case 'input':
      return [oneLine(difference.path), values(difference.digests, digestText), style('dim', `used by ${difference.tasks.join(', ')}`)];
    case 'environment':
      return [oneLine(difference.name), values(difference.values, oneLine), style('dim', `of ${difference.tasks.join(', ')}`)];
    case 'version':
      return [difference.name, values(difference.values, (text) => oneLine(difference.name === 'commit' ? text.slice(0, 10) : text))];
    case 'outcome':
      return [difference.task, values(difference.phases, (phase) => phase)];
    case 'metric':
      return [`${difference.task}.${oneLine(difference.name)}`, values(difference.values, (value) => formatNumber(value)), difference.verdicts.slice(1).map((verdict) => verdictText(verdict, style)).join(' ')];
    case 'artifact':
      return [`${difference.task}: ${oneLine(difference.name)}`, values(difference.digests, digestText), style('dim', oneLine(difference.mediaType))];
    case 'output':
      return [`${difference.task}: ${oneLine(difference.path)}`, values(difference.digests, digestText)];
    case 'duration':
      return [difference.task, values(difference.values, formatDuration)];
    default:
      return difference satisfies never;
  }
}

function verdictText(verdict: string | undefined, style: Style): string {
  if (verdict === 'better') return style('green', 'better');
  if (verdict === 'worse') return style('red', 'worse');
  return verdict ?? '';
}

function values<T>(each: PerRun<T>, text: (value: T) => string): string {
  return each.map((value) => (value === undefined ? 'none' : text(value))).join(' → ');
}

function jsonText(value: Json): string {
  return truncate(oneLine(typeof value === 'string' ? value : JSON.stringify(value)), 60);
}

function digestText(digest: string): string {
  return digest.replace(/^sha256:/, '').slice(0, 8);
}
