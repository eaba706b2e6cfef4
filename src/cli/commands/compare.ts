import type { Json } from '../../model/json.ts';
import { formatDuration } from '../../model/time.ts';
import { openComparison } from '../../app/compare-runs.ts';
import { ganttOf, ganttToText } from '../../model/gantt.ts';
import { differenceTitles, type Difference, type LineCounts, type PerRun } from '../../query/compare.ts';
import { sayLines } from '../../query/compare-contents.ts';
import { worthReading } from '../../query/compared-versions.ts';
import { tellingOf } from '../../query/telling.ts';
import type { CommandLine } from '../arguments.ts';
import { exitCodes, type ExitCode, type Host } from '../host.ts';
import { writeJson } from '../json-output.ts';
import { openRunIn, type OpenedRun } from '../open-run.ts';
import { findRecordFolders } from '../pipeline-file.ts';
import { fit, oneLine } from '../progress/task-lines.ts';
import { formatNumber, table, truncate, type Style } from '../text.ts';
import { reportError } from '../user-error.ts';
import { detailLines, detailsOf, sayDetail, type ContentOfRuns, type Detail } from './compare-details.ts';

/** Of each kind of difference, so many are shown without `--all`; of what is in one, so many lines. */
const shown = { ofKind: 12, lines: 40 };
/** From so many differences on, the most telling are told before all others. */
const manyDifferences = 20;

/** `runweave compare RUN RUN…`: what differs, causes first. */
export async function compareCommand(line: CommandLine, host: Host): Promise<ExitCode> {
  const { json, all, details: isDetailed, key } = line.options;
  const place = findRecordFolders(host.cwd, line.options);
  if (place.type === 'error') return reportError(place, host, json);
  const runs: OpenedRun[] = [];
  for (const query of line.arguments) {
    const run = await openRunIn(place.folders.map(({ store }) => store), query);
    if (run.type === 'error') return reportError(run, host, json);
    runs.push(run);
  }
  const states = runs.map(({ state }) => state);
  const { comparison, timelines, content } = await openComparison(runs);
  const { differences } = comparison;
  const of: ContentOfRuns = {
    runs: states.length,
    read: async (address) => {
      const found = await content(address);
      return found.type === 'data' ? new TextDecoder().decode(found.bytes) : undefined;
    },
    ...(key !== undefined && { key }),
  };
  const wanted = isDetailed ? differences.keys() : worthReading(differences).values();
  const details = new Map<number, readonly Detail[]>();
  for (const index of wanted) {
    const difference = differences[index];
    if (difference !== undefined) details.set(index, await detailsOf(difference, index, of));
  }
  if (json) {
    writeJson(host.stdout, { runs: comparison.runs, differences, timelines, ...(isDetailed && { details: [...details.values()].flat() }) });
    return exitCodes.success;
  }
  const { style } = host.stdout;
  const row = (index: number): readonly string[] => {
    const difference = differences[index];
    if (difference === undefined) return [];
    // Of what was printed, the line itself says how much differs.
    const said = difference.type === 'printed' ? [] : (details.get(index) ?? []).map((detail) => sayDetail(detail, states.length));
    const critical = difference.type === 'duration' && timelines.rows.some(({ task, bars }) => task === difference.task && bars.some((bar) => bar?.critical));
    return [...rowOf(difference, style), ...said, ...(critical ? [style('dim', 'the run waited for it')] : [])];
  };
  const section = (title: string, indexes: readonly number[]): readonly string[] => (indexes.length === 0 ? [] : ['', style('bold', title), ...table(indexes.map(row)).map((text) => `  ${text}`)]);
  const telling = tellingOf(differences);
  const glance = differences.length < manyDifferences ? [] : [...section('Most telling: what was changed', telling.causes), ...section('Most telling: what came of it', telling.effects)];
  const kinds = [...new Set(differences.map((difference) => difference.type))];
  const sections = kinds.flatMap((kind) => {
    const ofKind = [...differences.keys()].filter((index) => differences[index]?.type === kind);
    const some = all ? ofKind : ofKind.slice(0, shown.ofKind);
    const more = ofKind.length - some.length;
    const rows = table(some.map(row)).map((text) => `  ${text}`);
    const below = (index: number): readonly string[] => (isDetailed ? (details.get(index) ?? []).flatMap((detail) => [...(states.length > 2 ? [style('dim', `    ${comparison.runs[detail.run] ?? ''}`)] : []), ...detailLines(detail.diff, style, all ? Infinity : shown.lines)]) : []);
    return ['', style('bold', differenceTitles[kind]), ...some.flatMap((index, at) => [rows[at] ?? '', ...below(index)]), ...(more > 0 ? [style('dim', `  and ${more} more: --all`)] : [])];
  });
  const width = host.stdout.columns();
  const bars = isDetailed ? states.flatMap((state) => ['', style('bold', `Timeline of ${state.runId}`), ...ganttToText(ganttOf(state), width ?? 100).trimEnd().split('\n')]) : [];
  const header = states.map((state, index) => `${index === 0 ? 'from' : index === 1 ? 'to  ' : '    '}  ${state.runId}  ${formatDuration(timelines.lengths[index] ?? 0)}`);
  host.stdout.write(`${[...header, ...(differences.length === 0 ? ['', 'no differences'] : []), ...glance, ...sections, ...bars].map((text) => fit(text, width)).join('\n')}\n`);
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
      return [oneLine(difference.name), values(difference.values, oneLine), style('dim', difference.tasks.length === 0 ? 'of the machine' : `of ${difference.tasks.join(', ')}`)];
    case 'version':
      return [difference.name, values(difference.values, (text) => oneLine(difference.name === 'commit' ? text.slice(0, 10) : difference.name === 'branch' ? text : digestText(text)))];
    case 'outcome':
      return [difference.task, values(difference.phases, (phase) => phase), style('dim', truncate(oneLine(difference.messages.find((message) => message !== undefined) ?? ''), 80))];
    case 'dataset':
      return [`${difference.task}: ${oneLine(difference.name)}`, values(difference.digests, digestText)];
    case 'printed':
      return [`${difference.task} ${difference.stream}`, difference.changes.slice(1).map(countsText).join(', ')];
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

function countsText(counts: LineCounts | 'uncounted' | undefined): string {
  return counts === 'uncounted' || counts === undefined ? 'differs' : sayLines(counts);
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
