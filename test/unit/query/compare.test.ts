import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { compareRuns, type Difference } from '../../../src/query/compare.ts';
import { compareTimelines } from '../../../src/query/compare-timelines.ts';
import { versionsOf, worthReading } from '../../../src/query/compared-versions.ts';
import { packComparison, unpackComparison } from '../../../src/query/packed-comparison.ts';
import { tellingOf } from '../../../src/query/telling.ts';
import { sketchedRun, type TaskSketch } from './drafted-run.ts';

const compare = (...runs: readonly Readonly<Record<string, TaskSketch>>[]): readonly Difference[] => compareRuns(runs.map((run, at) => sketchedRun(String(at), run)), () => undefined).differences;
const types = (differences: readonly Difference[]): readonly string[] => differences.map(({ type }) => type);

describe('comparison of runs', () => {
  const good: TaskSketch = { params: { lr: 1 }, metrics: { accuracy: 0.9, loss: 0.1 }, packages: { numpy: '1', torch: '2' }, artifacts: { 'a.txt': 'x' }, outputs: { 'out.csv': 'o' }, stdout: 'a\nb\n' };

  it('tells of a task that failed what it came to, and not that it has not come to the rest', () => {
    const differences = compare({ train: good }, { train: { did: 'failed', params: { lr: 2 }, packages: { numpy: '1' }, metrics: { accuracy: 0.5 }, stdout: 'a\n' } });
    assert.deepEqual(types(differences), ['param', 'outcome', 'metric', 'printed']);
    assert.deepEqual(differences[1], { type: 'outcome', task: 'train', phases: ['success', 'failure'], messages: [undefined, 'ValueError: bad'] });
    assert.deepEqual(differences[3], { type: 'printed', task: 'train', stream: 'stdout', changes: [undefined, { added: 0, removed: 1 }] });
  });

  it('tells of a task that did not run that alone', () => {
    assert.deepEqual(types(compare({ load: {}, train: good }, { load: { did: 'failed' }, train: { did: 'blocked' } })), ['outcome', 'outcome']);
  });

  it('compares the runs that there are, where others did not come to it', () => {
    const differences = compare({ train: good }, { train: { did: 'blocked' } }, { train: { ...good, metrics: { accuracy: 0.95, loss: 0.1 } } });
    assert.deepEqual(types(differences), ['outcome', 'metric']);
    assert.deepEqual(differences[1]?.type === 'metric' && [differences[1].values, differences[1].verdicts], [[0.9, undefined, 0.95], ['same', undefined, 'better']]);
  });

  it('tells a file once for all tasks that use it, also where one of them did not run', () => {
    const sources = (text: string): TaskSketch => ({ sources: { 'common.py': text } });
    const differences = compare({ a: sources('1'), b: sources('1') }, { a: sources('2'), b: { did: 'blocked' } }, { a: sources('3'), b: sources('3') });
    assert.deepEqual(differences[0], { type: 'source', path: 'common.py', tasks: ['a', 'b'], digests: ['sha256:1', 'sha256:2', 'sha256:3'], contents: [undefined, undefined, undefined] });
    assert.deepEqual(types(differences), ['source', 'outcome']);
  });

  it('counts as data what no task of these made', () => {
    const run = (text: string): Readonly<Record<string, TaskSketch>> => ({ load: { inputs: { 'raw.csv': text }, outputs: { 'clean.csv': text } }, train: { inputs: { 'clean.csv': text }, dataset: text } });
    const differences = compare(run('1'), run('2'));
    assert.deepEqual(differences.map((difference) => ('path' in difference ? `${difference.type} ${difference.path}` : difference.type)), ['input raw.csv', 'dataset', 'output clean.csv']);
    assert.deepEqual(differences[1], { type: 'dataset', task: 'train', name: 'mnist (training)', digests: ['1', '2'] });
  });

  it('tells the machine apart, and not its processes', () => {
    const on = (host: string, pid: number) => sketchedRun('r', { train: {} }, { 'host.name': host, 'process.pid': pid, 'process.environment_variable.CUDA_VISIBLE_DEVICES': host });
    assert.deepEqual(
      compareRuns([on('a', 1), on('b', 2)], () => undefined).differences,
      ['host.name', 'CUDA_VISIBLE_DEVICES'].map((name) => ({ type: 'environment', name, tasks: [], values: ['a', 'b'] })),
    );
  });

  it('knows what of a difference can be looked into', () => {
    const differences = compare({ train: { ...good, outputs: { 'out.csv': '1', 'model.bin': '1' } } }, { train: { ...good, outputs: { 'out.csv': '2', 'model.bin': '2' }, artifacts: { 'a.txt': 'y' }, stdout: 'c\n' } });
    assert.deepEqual(differences.map((difference) => versionsOf(difference)?.kind), ['text', 'table', 'bytes', 'printed']);
    assert.deepEqual(worthReading(differences), [0, 1]);
    const large = differences.map((difference) => (difference.type === 'artifact' ? { ...difference, sizes: [10, 2_000_000] } : difference));
    assert.deepEqual(worthReading(large), [1]);
  });

  it('is told at a glance: one of each kind before the next of any', () => {
    const params = Object.fromEntries(Array.from({ length: 30 }, (_, at) => [`p${at}`, at]));
    const differences = compare({ train: { ...good, params, sources: { 'a.py': '1' } } }, { train: { ...good, params: Object.fromEntries(Object.keys(params).map((name) => [name, -1])), sources: { 'a.py': '2' }, metrics: { accuracy: 0.8, loss: 0.1 } } });
    const { causes, effects } = tellingOf(differences, 3);
    assert.deepEqual(types(causes.flatMap((at) => differences[at] ?? [])), ['param', 'param', 'source']);
    assert.deepEqual(types(effects.flatMap((at) => differences[at] ?? [])), ['metric']);
  });

  it('comes through JSON as it was, with null apart from nothing', () => {
    const states = [sketchedRun('a', { train: { ...good, params: { x: null } }, more: {} }), sketchedRun('b', { train: good })];
    const [differences, timelines] = [compareRuns(states, () => undefined).differences, compareTimelines(states)];
    const packed = JSON.parse(JSON.stringify(packComparison(differences, timelines))) as ReturnType<typeof packComparison>;
    assert.deepEqual(unpackComparison(packed), { differences, timelines });
    assert.deepEqual(differences.find(({ type }) => type === 'param'), { type: 'param', name: 'x', task: 'train', values: [null, undefined] });
  });
});
