/**
 * The runs table over many records, and MLflow's server over the same runs, in one run: `node bench/tracker.ts --write`.
 * Records are made once, into a temporary folder (4 GB less with `--large 0`, which leaves out 100,000
 * runs); `--no-mlflow` leaves out MLflow, which is installed on demand.
 *
 * Host: processes of their own that read the folder and make the messages. Page: a real Chromium, to the painted frame.
 */
import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { cpus, loadavg, platform, arch, tmpdir } from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { trackerFeed } from '../src/app/tracker-feed.ts';
import { writeRecords } from './records.ts';
import type { HostTimes } from './tracker-host.ts';
import { measureMlflow, type MlflowTimes } from './tracker-mlflow.ts';
import { measurePage, messagesOf, type PageTimes } from './tracker-page.ts';
import { writeSection } from './write-section.ts';

const { values } = parseArgs({
  options: {
    runs: { type: 'string', default: '10000' },
    large: { type: 'string', default: '100000' },
    repeat: { type: 'string', default: '3' },
    mlflow: { type: 'boolean', default: true },
    write: { type: 'boolean', default: false },
  },
  allowNegative: true,
});

interface Measured {
  readonly count: number;
  readonly cold: readonly HostTimes[];
  readonly warm: readonly HostTimes[];
  readonly pages: readonly PageTimes[];
}

async function recordsOf(count: number): Promise<string> {
  const folder = path.join(tmpdir(), 'runweave-bench-records', String(count), '.runweave');
  const made = existsSync(path.join(folder, 'runs')) ? readdirSync(path.join(folder, 'runs')).length : 0;
  if (made !== count) await writeRecords(folder, count);
  return folder;
}

function hostTimes(folder: string, ...words: readonly string[]): HostTimes {
  return JSON.parse(execFileSync(process.execPath, [path.join(import.meta.dirname, 'tracker-host.ts'), folder, ...words], { encoding: 'utf8' })) as HostTimes;
}

async function measure(count: number, repeat: number): Promise<Measured> {
  const folder = await recordsOf(count);
  const cold = [hostTimes(folder, 'cold')];
  const warm: HostTimes[] = [];
  const pages: PageTimes[] = [];
  const messages = await messagesOf(folder);
  for (let round = 0; round < repeat; round += 1) {
    warm.push(hostTimes(folder, 'filter'));
    pages.push(await measurePage(messages));
  }
  return { count, cold, warm, pages };
}

const sorted = (numbers: readonly number[]): readonly number[] => [...numbers].sort((a, b) => a - b);
const quantile = (numbers: readonly number[], share: number): number => sorted(numbers)[Math.min(numbers.length - 1, Math.floor(share * numbers.length))] ?? NaN;
const ms = (value: number): string => (value < 1000 ? `${value < 10 ? value.toFixed(1) : value.toFixed(0)} ms` : `${(value / 1000).toFixed(2)} s`);
const mb = (bytes: number): string => `${(bytes / 1e6).toFixed(0)} MB`;
/** Median, and in brackets the least and the most of the repetitions. */
const spread = (numbers: readonly number[], write: (value: number) => string = ms): string => (numbers.length === 1 ? write(numbers[0] ?? NaN) : `${write(quantile(numbers, 0.5))} (${write(quantile(numbers, 0))}–${write(quantile(numbers, 1))})`);

function rowsOf({ cold, warm, pages }: Measured): readonly (readonly [what: string, value: string])[] {
  const each = (read: (page: PageTimes) => number): readonly number[] => pages.map(read);
  const keystrokes = pages.flatMap(({ keystrokes: times }) => times);
  const known = pages.flatMap(({ process: size }) => size ?? []);
  return [
    ['index made anew, from the records', spread(cold.map(({ read }) => read))],
    ['index there: folder read and checked', spread(warm.map(({ read }) => read))],
    ['rows as messages', spread(warm.map(({ pack }) => pack))],
    ['page: first message to painted table', spread(each(({ ready }) => ready))],
    ['of that, work of its thread', spread(each(({ readyWork }) => readyWork))],
    ['table ready, index there (the three before together)', spread(warm.map(({ read, pack }, at) => read + pack + (pages[at]?.ready ?? NaN)))],
    ['keystroke in the filter to painted frame', `${spread(each((page) => quantile(page.keystrokes, 0.5)))}, 95 % within ${ms(quantile(keystrokes, 0.95))}, worst ${ms(Math.max(...keystrokes))}`],
    ['click on a head to painted order, over all columns', `${spread(each((page) => quantile(page.sorts, 0.5)))}, worst ${ms(Math.max(...pages.flatMap(({ sorts }) => sorts)))}`],
    ['between two frames while scrolling', `${spread(each((page) => quantile(page.frames, 0.5)))}, 95 % within ${ms(quantile(pages.flatMap(({ frames }) => frames), 0.95))} (a page that does nothing: ${spread(each((page) => quantile(page.idleFrames, 0.5)))})`],
    ['memory of the page: JavaScript, whole process', `${spread(each(({ heap }) => heap), mb)}, ${known.length === 0 ? 'not known' : spread(known, mb)}`],
    ['memory of a host process', spread(warm.map(({ memory }) => memory), mb)],
  ];
}

function mlflowText({ warm, pages }: Measured, times: MlflowTimes): string {
  const asked = (question: 'filter' | 'sort'): readonly number[] => warm.flatMap(({ questions }) => questions?.[question] ?? []);
  const lines = [
    ['ready from nothing', `${spread(warm.map(({ read, pack }, at) => read + pack + (pages[at]?.ready ?? NaN)))}: the table itself, all runs in it`, `${ms(times.start)}: the server answers, no page is open yet`],
    ['all runs', spread(warm.map(({ read, pack }) => read + pack)), spread(times.all)],
    ['filter by a metric and a parameter', `${spread(asked('filter'))}, all that match`, `${spread(times.filter)}, the first 100`],
    ['order by a metric', `${spread(asked('sort'))}, all`, `${spread(times.sort)}, the first 100`],
    ['memory', `${spread(warm.map(({ memory }) => memory), mb)}, while the table is open`, `${mb(times.memory)}, all processes of the server`],
  ];
  return [`| | Runweave | MLflow ${times.version} server |`, '|---|---|---|', ...lines.map((cells) => `| ${cells.join(' | ')} |`)].join('\n');
}

const repeat = Number(values.repeat);
const load = loadavg()[0] ?? 0;
const small = await measure(Number(values.runs), repeat);
const large = Number(values.large) === 0 ? undefined : await measure(Number(values.large), 1);
const mlflow = values.mlflow ? await measureMlflow((await trackerFeed([{ store: await recordsOf(Number(values.runs)), name: '' }]).changes()).rows, repeat) : undefined;
const quiet = load < cpus().length;
const [head, ...rest] = rowsOf(small).map(([what, value], at) => [what, value, large === undefined ? '' : (rowsOf(large)[at]?.[1] ?? '')]);
const columns = [String(small.count), ...(large === undefined ? [] : [String(large.count)])];
writeSection(
  'bench/tracker.ts',
  [
    `${new Date().toISOString().slice(0, 10)}, ${platform()} ${arch()}, ${cpus().length} × ${cpus()[0]?.model ?? ''}, Node ${process.versions.node}, ${repeat} repetitions${large === undefined ? '' : `, one with ${large.count} runs`}.${quiet ? '' : ` **The machine was busy** (load ${load.toFixed(0)} before): times are several times those of a quiet one.`}`,
    '',
    `| runs | ${columns.join(' | ')} |`,
    `|---|${columns.map(() => '---|').join('')}`,
    ...[head ?? [], ...rest].map((cells) => `| ${cells.slice(0, columns.length + 1).join(' | ')} |`),
    ...(mlflow === undefined ? [] : ['', `The same ${small.count} runs, asked the same:`, '', mlflowText(small, mlflow)]),
  ].join('\n'),
  values.write,
);
