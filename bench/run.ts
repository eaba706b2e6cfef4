/**
 * Compares Runweave with other tools on the same graphs, in one run: `node bench/run.ts`, after `node esbuild.mjs`.
 *
 *   --sizes 10,100,1000,5000   --watch-sizes 1,100,1000,5000   --tools Runweave,ninja   --repeat 3
 *   --write (puts the tables into docs/benchmarks.md)
 *
 * All tools take turns within each repetition, so that what else the machine does falls on all of them. A tool that
 * can't be had is named, and left out.
 */
import { spawnSync } from 'node:child_process';
import { appendFileSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { availableParallelism, cpus, tmpdir } from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { layeredDag, writeSources, type Node } from './dag.ts';
import { tools, type Tool } from './tools.ts';
import { measureWatch, type WatchSample } from './watch.ts';

const { values } = parseArgs({
  options: {
    sizes: { type: 'string', default: '10,100,1000,5000' },
    tools: { type: 'string' },
    'watch-sizes': { type: 'string', default: '1,100,1000,5000' },
    repeat: { type: 'string', default: '3' },
    write: { type: 'boolean', default: false },
  },
});
const slots = availableParallelism();
const cases = ['full build', 'no-op', 'single change'] as const;
// Nothing is removed before the end: ext4 looks through the inodes that were freed in the last seconds for each file that
// is made, which took whoever came after a removal up to a tenth of a build.
const scratch = mkdtempSync(path.join(tmpdir(), 'runweave-bench-'));
process.on('exit', () => rmSync(scratch, { recursive: true, force: true }));

/** Seconds. */
interface Sample {
  readonly wall: number;
  /** User and system time of the tool and all that it started. */
  readonly cpu: number;
}

function measure(tool: Tool, folder: string): Sample {
  // The shell's `time` counts the processes of a tool as well.
  const { stderr, status } = spawnSync('bash', ['-c', `TIMEFORMAT='%R %U %S'; time { ${tool.command} ; } > log.txt 2>&1`], { cwd: folder, encoding: 'utf8' });
  const [wall = NaN, user = NaN, system = NaN] = stderr.trim().split(' ').map(Number);
  if (status !== 0) throw new Error(`${tool.name}: ${readFileSync(path.join(folder, 'log.txt'), 'utf8').slice(-500)}`);
  return { wall, cpu: user + system };
}

function repetition(tool: Tool, dag: readonly Node[], number: number): ReadonlyMap<string, Sample> {
  const folder = mkdtempSync(path.join(scratch, 'build-'));
  writeSources(folder, dag);
  tool.prepare(folder, dag);
  const samples = new Map<string, Sample>([['full build', measure(tool, folder)]]);
  const last = dag.at(-1);
  if (last === undefined || !existsSync(path.join(folder, last.output))) throw new Error(`${tool.name} has not built ${last?.output ?? ''}`);
  if (tool.fullOnly) return samples;
  samples.set('no-op', measure(tool, folder));
  const before = readFileSync(path.join(folder, last.output), 'utf8');
  appendFileSync(path.join(folder, last.source), `change ${number}\n`);
  samples.set('single change', measure(tool, folder));
  if (readFileSync(path.join(folder, last.output), 'utf8') === before) throw new Error(`${tool.name} has missed a change`);
  return samples;
}

function median(numbers: readonly number[]): number {
  const sorted = [...numbers].sort((a, b) => a - b);
  return ((sorted[(sorted.length - 1) >> 1] ?? NaN) + (sorted[sorted.length >> 1] ?? NaN)) / 2;
}

function duration(seconds: number): string {
  return seconds < 1 ? `${Math.round(seconds * 1000)} ms` : `${seconds.toFixed(2)} s`;
}

/** `118 ms (110–131), CPU 90 ms`. */
function cell(samples: readonly Sample[] | undefined): string {
  if (samples === undefined || samples.length === 0) return '–';
  const walls = samples.map((sample) => sample.wall);
  return `${duration(median(walls))} (${duration(Math.min(...walls))}–${duration(Math.max(...walls))}), CPU ${duration(median(samples.map((sample) => sample.cpu)))}`;
}

const wanted = values.tools?.split(',');
const versions = new Map<Tool, string>();
const lines: string[] = [];
const say = (line: string): void => {
  lines.push(line);
  console.log(line);
};
for (const tool of tools(slots)) {
  if (wanted !== undefined && !wanted.includes(tool.name)) continue;
  try {
    versions.set(tool, tool.version());
  } catch (error) {
    say(`${tool.name} is not here and left out: ${(error as Error).message.split('\n')[0] ?? ''}\n`);
  }
}
const repeat = Number(values.repeat);
say(`${new Date().toISOString().slice(0, 10)}, ${process.platform} ${process.arch}, ${slots} × ${cpus()[0]?.model ?? 'CPU'}, ${slots} tasks at once, ${repeat} repetitions. ${[...versions].map(([tool, version]) => `${tool.name} ${version}`).join(', ')}.\n`);
const sizesOf = (list: string): readonly number[] => list.split(',').filter((size) => size !== '').map(Number);
for (const size of sizesOf(values.sizes)) {
  const dag = layeredDag(size);
  const results = new Map<string, Sample[]>();
  const failed = new Map<Tool, string>();
  for (let number = 1; number <= repeat; number += 1) {
    for (const tool of versions.keys()) {
      if (failed.has(tool) || size > (tool.largest ?? Infinity)) continue;
      try {
        for (const [name, sample] of repetition(tool, dag, number)) {
          const key = `${tool.name} ${name}`;
          results.set(key, [...(results.get(key) ?? []), sample]);
        }
      } catch (error) {
        failed.set(tool, (error as Error).message);
      }
    }
  }
  say(`### ${size} tasks\n\n| | ${cases.join(' | ')} |\n|---|${cases.map(() => '---|').join('')}`);
  for (const tool of versions.keys()) {
    if (size > (tool.largest ?? Infinity)) continue;
    say(`| ${tool.name} | ${cases.map((name) => cell(results.get(`${tool.name} ${name}`))).join(' | ')} |`);
  }
  say('');
  for (const [, message] of failed) say(`${message}\n`);
}
const watchSizes = sizesOf(values['watch-sizes']);
if (watchSizes.length > 0) {
  say('### Watching\n\n| | tasks | chokidar’s event alone | save → its own chokidar’s event | save → process started | after its own chokidar’s event | the command alone | save → shell heard | the command alone | save → output | CPU of a save that changes nothing |\n|---|---|---|---|---|---|---|---|---|---|---|');
}
for (const size of watchSizes) {
  for (const tool of versions.keys()) {
    const { watch } = tool;
    if (watch === undefined || size > (tool.largest ?? Infinity)) continue;
    try {
      const samples = await measureWatch({ ...tool, watch }, size, 7 * repeat);
      const of = (part: keyof WatchSample): string => {
        const times = samples.map((sample) => sample[part]).sort((a, b) => a - b);
        const [first = 0, third = 0] = [0.25, 0.75].map((share) => times[Math.floor((times.length - 1) * share)]);
        return `${median(times).toFixed(1)} ms (${first.toFixed(1)}–${third.toFixed(1)})`;
      };
      say(`| ${tool.name} | ${size} | ${of('event')} | ${of('ownEvent')} | ${of('started')} | ${of('over')} | ${of('bare')} | ${of('heard')} | ${of('bareHeard')} | ${of('finished')} | ${of('idle')} |`);
    } catch (error) {
      say(`| ${tool.name} | ${size} | ${(error as Error).message} | | | | | | | | |`);
    }
  }
}
if (watchSizes.length > 0) say('');
if (values.write) {
  const file = path.resolve(import.meta.dirname, '..', 'docs', 'benchmarks.md');
  const mark = '<!-- what follows is written by bench/run.ts -->\n';
  writeFileSync(file, `${readFileSync(file, 'utf8').split(mark)[0] ?? ''}${mark}\n${lines.join('\n')}`);
}
