/**
 * How long after a save the first line of a script, and the first cell of a notebook, that import scikit-learn says
 * something, while watching: `node bench/warm.ts`, after `node esbuild.mjs`. Fresh processes and forks take turns.
 *
 *   --others 0,1000 (tasks beside the one that is saved)   --repeat 5
 */
import { spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { parseArgs } from 'node:util';
import type { RunEvent } from '../src/model/run-event.ts';

const { values } = parseArgs({ options: { others: { type: 'string', default: '0,1000' }, repeat: { type: 'string', default: '5' } } });
const repository = path.join(import.meta.dirname, '..');
const say = 'import time, sklearn.svm\nprint("SAYS", time.time(), flush=True)\n';
const sources = { script: say, notebook: `# %%\n${say}` } as const;
type Kind = keyof typeof sources;

/** Milliseconds after a save until the task's process was there, and until it said something. */
async function samples(kind: Kind, others: number, isWarm: boolean, repeat: number): Promise<readonly (readonly [number, number])[]> {
  const folder = mkdtempSync(path.join(tmpdir(), 'runweave-bench-'));
  const task = { script: '{python: main.py}', notebook: '{notebook: main.py}' }[kind];
  mkdirSync(path.join(folder, 'out'));
  symlinkSync(path.join(repository, 'examples/digits/.venv'), path.join(folder, '.venv'));
  writeFileSync(path.join(folder, 'main.py'), sources[kind]);
  writeFileSync(path.join(folder, 'runweave.yaml'), `name: bench\ntasks:\n  main: ${task}\n${Array.from({ length: others }, (_, n) => `  t${n}: {shell: "echo ${n} > out/${n}", outputs: [out/${n}]}\n`).join('')}`);
  const child = spawn(process.execPath, [path.join(repository, 'dist/cli.cjs'), 'watch', '--json'], { cwd: folder, stdio: ['ignore', 'pipe', 'inherit'], env: { ...process.env, RUNWEAVE_WARM: isWarm ? 'on' : 'off' } });
  const found: (readonly [number, number])[] = [];
  let saved = 0;
  let started = 0;
  let said = 0;
  const save = (): void => {
    saved = Date.now();
    writeFileSync(path.join(folder, 'main.py'), `${sources[kind]}X = ${saved}\n`);
  };
  for await (const line of createInterface({ input: child.stdout })) {
    const event = JSON.parse(line) as RunEvent | { readonly type: 'sealed' };
    if (event.type === 'attempt-started' && event.task === 'main') started = Number(event.time) / 1e6 - saved;
    if (event.type === 'output' && event.task === 'main') said = 1000 * Number(/SAYS (\S+)/.exec(event.text)?.[1] ?? NaN) - saved || said;
    if (event.type !== 'sealed') continue;
    if (saved > 0) found.push([started, said]);
    // The first two are not counted: of a start, and of what is made ready after it.
    if (found.length >= repeat + 2) break;
    setTimeout(save, found.length < 2 ? 6000 : 1500);
  }
  child.kill('SIGINT');
  await new Promise((resolve) => child.once('close', resolve));
  rmSync(folder, { recursive: true, force: true });
  return found.slice(2);
}

function cell(numbers: readonly number[]): string {
  const sorted = numbers.map(Math.round).sort((a, b) => a - b);
  return `${sorted[sorted.length >> 1] ?? ''} ms (${sorted[0] ?? ''}–${sorted.at(-1) ?? ''})`;
}

console.log('| | other tasks | process | save to its start | save to its first line |\n|---|---|---|---|---|');
for (const kind of ['script', 'notebook'] as const) {
  for (const others of values.others.split(',').map(Number)) {
    for (const isWarm of [false, true]) {
      const all = await samples(kind, others, isWarm, Number(values.repeat));
      console.log(`| ${kind} | ${others} | ${isWarm ? 'forked' : 'fresh'} | ${cell(all.map(([start]) => start))} | ${cell(all.map(([, first]) => first))} |`);
    }
  }
}
