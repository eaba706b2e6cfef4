/**
 * Thousands of sequences: `node test/oracle/oracle.ts --sequences 2000 --steps 15 --seed 1`. Each has a seed of its own,
 * from `--seed` on; one that fails is repeated with `--sequences 1 --seed N`. Its workspace is left where it says.
 * `--mode session|process|watch` is one of the three ways in which runs are asked for; else they take turns. `--only EDIT`,
 * once or more, takes no other edits than those of that name in `edits.ts`.
 *
 * What it is compared with is a model (`world.ts`) and no clean build: the text of a task's output is everything that the
 * task reads, so what was missed shows in the bytes, and a step costs no more processes than what is executed in it.
 *
 * Covered: scripts, functions, notebooks and shell commands; matrices, also paired; returns as text, lists and objects;
 * declared files, folders, globs and links, files that are only read, looked for or listed, modules through packages and
 * conditional imports, child processes, installed packages; files of the checkout beside the pipeline and files outside
 * of it; `cwd`, `env`, `params`, `keep`, `compare`, `checks`, `retries`, timeouts, `lazy` and `manual`; failures; runs of
 * one task by its name; a cache that is deleted; git (commit, checkout, revert, stash), with outputs in it or not; and in
 * a fourth of the runs that the plan before them was true. While a task runs and has read its inputs, a file is edited, for
 * good or there and back, or an output of a task before it is overwritten.
 *
 * Not covered: other edits while tasks run (but for a watch), several processes on one pipeline, `cache: false`, tasks without
 * outputs, `--force`, `--set`, other interpreters, secrets. A fault of the model that is the same in the code is not
 * seen. One sequence in four has tasks that start processes, and one in eight a notebook: they cost as much as all others.
 */
import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { Disagreement, runSequence, type Counts, type Mode } from './sequence.ts';

const { values } = parseArgs({ options: { sequences: { type: 'string', default: '100' }, steps: { type: 'string', default: '15' }, seed: { type: 'string', default: '1' }, mode: { type: 'string', default: '' }, only: { type: 'string', multiple: true } } });
const example = path.join(import.meta.dirname, '..', '..', 'examples', 'digits', '.venv', 'bin', 'python');
/** Of the example: it has what notebooks need, if it is of the same Python. */
const site = existsSync(example) ? execFileSync(example, ['-c', 'import sys, sysconfig; print(sysconfig.get_path("purelib"), "%d.%d" % sys.version_info[:2])'], { encoding: 'utf8' }).trim().split(' ') : [];
const isOfSamePython = execFileSync('python3', ['-c', 'import sys; print("%d.%d" % sys.version_info[:2])'], { encoding: 'utf8' }).trim() === site[1];

const sums: Counts = { edits: 0, executed: 0, restored: 0, atTheTick: 0, late: 0 };
const modes: readonly Mode[] = ['session', 'process', 'watch'];
const first = Number(values.seed);
const last = first + Number(values.sequences) - 1;
const failed = { stale: 0, needless: 0, otherwise: 0 };
const said = (): string => `${sums.edits} edits, ${sums.executed} executions, ${sums.restored} restored, ${sums.atTheTick} once more for an edit at the tick, ${sums.late} late; stale ${failed.stale}, needless ${failed.needless}, failed otherwise ${failed.otherwise}`;
for (let seed = first; seed <= last; seed += 1) {
  try {
    // A kernel takes as long to start as ten scripts.
    const notebooks = seed % 8 === 0 && isOfSamePython && site[0] !== undefined ? { notebooks: site[0] } : {};
    const mode = modes.find((each) => each === values.mode) ?? modes[seed % modes.length] ?? 'session';
    const counts = await runSequence({ seed, edits: Number(values.steps), mode, children: seed % 4 === 0 ? ['none', 'none', 'subprocess', 'os.fork', 'fork', 'spawn', 'forkserver'] : ['none'], ...notebooks, ...(values.only !== undefined && { only: values.only }) });
    for (const key of Object.keys(sums) as (keyof Counts)[]) sums[key] += counts[key];
  } catch (error) {
    failed[error instanceof Disagreement ? error.kind : 'otherwise'] += 1;
    console.error((error as Error).message);
  }
  if (seed % 20 === 0) console.log(`to seed ${seed}: ${said()}`);
}
console.log(`seeds ${first} to ${last}: ${said()}`);
process.exitCode = Object.values(failed).every((count) => count === 0) ? 0 : 1;
