/**
 * What full capture costs: the example's tasks as Runweave runs them, and the same tasks bare, with the same interpreter,
 * in the same order and as many at once: `node bench/overhead.ts`, after `node esbuild.mjs --production`.
 *
 *   --repeat 7   --write (puts the table into docs/benchmarks.md)
 *
 * Bare, a script is `python script.py`, a function is called by `python -c`, a notebook is read, given its parameters,
 * executed with nbclient and written, and MLflow logs into a file, as it does where no server is set. Nobody listens to
 * OpenTelemetry then, so its SDK is switched off. Runweave is measured as it is, where tasks fork from a process that has
 * imported their packages, and with fresh processes (RUNWEAVE_WARM=off). The three take turns.
 */
import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { availableParallelism, cpus, tmpdir } from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import type { EventOf, RunEvent } from '../src/model/run-event.ts';
import { writeSection } from './write-section.ts';

const { values } = parseArgs({ options: { repeat: { type: 'string', default: '7' }, write: { type: 'boolean', default: false } } });
const repeat = Number(values.repeat);
const slots = availableParallelism();
const repository = path.join(import.meta.dirname, '..');
const source = path.join(repository, 'examples', 'digits');
const environment = path.join(source, '.venv');
const folder = mkdtempSync(path.join(tmpdir(), 'runweave-bench-'));

/** A task as it is started without Runweave. */
interface BareTask {
  readonly name: string;
  readonly needs: readonly string[];
  readonly command: readonly string[];
  readonly env: Readonly<Record<string, string>>;
}

/** Seconds. */
interface Sample {
  readonly wall: number;
  /** User and system time of all processes that were waited for; those that forked from a warm process are not among them. */
  readonly cpu: number;
}

function measure(command: string): Sample {
  for (const made of ['build', '.runweave', 'mlruns']) rmSync(path.join(folder, made), { recursive: true, force: true });
  const { stderr, status } = spawnSync('bash', ['-c', `TIMEFORMAT='%R %U %S'; time { ${command} ; } > log.txt 2>&1`], { cwd: folder, encoding: 'utf8' });
  if (status !== 0) throw new Error(readFileSync(path.join(folder, 'log.txt'), 'utf8').slice(-2000));
  const [wall = NaN, user = NaN, system = NaN] = stderr.trim().split(' ').map(Number);
  return { wall, cpu: user + system };
}

const runweave = `'${process.execPath}' '${path.join(repository, 'dist', 'cli.cjs')}' run --json --jobs ${slots}`;

/** The tasks of a run in the order in which they started, each as it is started without us. */
function bareTasks(events: readonly RunEvent[]): readonly BareTask[] {
  const of = <T extends RunEvent['type']>(type: T): readonly EventOf<T>[] => events.filter((event): event is EventOf<T> => event.type === type);
  const nodes = of('run-started')[0]?.tasks ?? [];
  return of('task-started').map(({ task, params }) => {
    const node = nodes.find(({ id }) => id === task);
    // Of Python tasks: interpreter, bootstrap, kind, source.
    const started = of('attempt-started').find((event) => event.task === task)?.command ?? [];
    if (node === undefined) throw new Error(`no task ${task}`);
    const [python = '', , , source = ''] = started;
    const json = JSON.stringify(params);
    const [module, name] = source.split(':');
    const command = {
      python: [python, source],
      call: [python, '-c', `import json, sys; from ${module} import ${name}; ${name}(**json.loads(sys.argv[1]))`, json],
      notebook: [python, path.join(import.meta.dirname, 'bare_notebook.py'), source, json, `build/${task.replaceAll(/\W/g, '-')}.ipynb`],
      shell: started,
    }[node.kind];
    const named = Object.entries(params).map(([key, value]) => [`RUNWEAVE_PARAM_${key.toUpperCase()}`, typeof value === 'string' ? value : JSON.stringify(value)]);
    return { name: node.id, needs: node.dependencies, command, env: Object.fromEntries(named) as Record<string, string> };
  });
}

function median(numbers: readonly number[]): number {
  const sorted = [...numbers].sort((a, b) => a - b);
  return ((sorted[(sorted.length - 1) >> 1] ?? NaN) + (sorted[sorted.length >> 1] ?? NaN)) / 2;
}

function row(name: string, samples: readonly Sample[], isCounted = true): string {
  const walls = samples.map(({ wall }) => wall);
  return `| ${name} | ${median(walls).toFixed(2)} s (${Math.min(...walls).toFixed(2)}–${Math.max(...walls).toFixed(2)}) | ${isCounted ? `${median(samples.map(({ cpu }) => cpu)).toFixed(2)} s` : 'not counted'} |`;
}

try {
  cpSync(source, folder, { recursive: true, filter: (file) => !/[/\\](\.venv|\.runweave|build|mlruns|__pycache__)([/\\]|$)/.test(file.slice(source.length)) });
  symlinkSync(environment, path.join(folder, '.venv'), 'junction');
  // The helper, which says outside of a run that nothing is recorded, and nothing else of ours.
  mkdirSync(path.join(folder, 'helper'));
  cpSync(path.join(repository, 'dist', 'python', 'runweave'), path.join(folder, 'helper', 'runweave'), { recursive: true });

  measure(runweave);
  const events = readFileSync(path.join(folder, 'log.txt'), 'utf8').split('\n').filter((line) => line.startsWith('{')).map((line) => JSON.parse(line) as RunEvent);
  const tasks = bareTasks(events);
  const env = { OMP_NUM_THREADS: '1', PYTHONPATH: `helper${path.delimiter}.`, OTEL_SDK_DISABLED: 'true', MLFLOW_TRACKING_URI: 'file:mlruns', MLFLOW_ALLOW_FILE_STORE: 'true', MLFLOW_DISABLE_TELEMETRY: 'true', PYTHONWARNINGS: 'ignore::FutureWarning' };
  writeFileSync(path.join(folder, 'bare.json'), JSON.stringify({ slots, tasks: tasks.map((task) => ({ ...task, env: { ...env, ...task.env } })) }));
  const bare = `'${process.execPath}' '${path.join(import.meta.dirname, 'bare.mjs')}'`;
  measure(bare);

  const fresh = `RUNWEAVE_WARM=off ${runweave}`;
  const samples = { bare: [] as Sample[], runweave: [] as Sample[], fresh: [] as Sample[] };
  for (let number = 0; number < repeat; number += 1) {
    // Whoever comes second finds the files in memory, so they take turns at that too.
    const turns = [() => samples.bare.push(measure(bare)), () => samples.runweave.push(measure(runweave)), () => samples.fresh.push(measure(fresh))];
    for (const turn of number % 2 === 0 ? turns : turns.reverse()) turn();
  }
  const more = (taken: readonly Sample[], of: (sample: Sample) => number): string => {
    const without = median(samples.bare.map(of));
    const difference = median(taken.map(of)) - without;
    return `${((100 * difference) / without).toFixed(1)} %, ${Math.round((1000 * difference) / tasks.length)} ms a task`;
  };
  writeSection(
    'bench/overhead.ts',
    [
      `${new Date().toISOString().slice(0, 10)}, ${process.platform} ${process.arch}, ${slots} × ${cpus()[0]?.model ?? 'CPU'}, ${slots} tasks at once, ${repeat} repetitions of ${tasks.length} tasks.\n`,
      '| | wall time | CPU time |\n|---|---|---|',
      row('bare', samples.bare),
      row('Runweave', samples.runweave, false),
      `| more than bare | ${more(samples.runweave, ({ wall }) => wall)} | |`,
      row('Runweave, fresh processes', samples.fresh),
      `| more than bare | ${more(samples.fresh, ({ wall }) => wall)} | ${more(samples.fresh, ({ cpu }) => cpu)} |`,
    ].join('\n'),
    values.write,
  );
} finally {
  rmSync(folder, { recursive: true, force: true });
}
