import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { digestOf } from '../../../src/fingerprint/file-digests.ts';
import { fingerprintDifference, reasonsToRun, type StalenessQuestion } from '../../../src/fingerprint/staleness.ts';
import type { Fingerprint, Reason } from '../../../src/model/fingerprint.ts';
import type { RunId, SpanId, TraceId } from '../../../src/model/run-event.ts';
import type { TaskResult } from '../../../src/model/task-result.ts';
import { float } from '../../../src/model/whole-float.ts';
import type { UnixNano } from '../../../src/model/time.ts';

const one = digestOf('1');
const two = digestOf('2');

const fingerprint: Fingerprint = {
  definition: one,
  definitionParts: { python: 'a.py', cwd: '.', outputs: ['out'] },
  params: { rate: 0.1, layers: { a: 1, b: [1, 2] } },
  sources: { 'a.py': one },
  inputs: { 'data.csv': one },
  upstream: { before: one },
  env: { MODE: 'fast' },
  interpreter: 'CPython 3.12.1 /bin/python3',
  packages: { '/venv/site-packages': { numpy: '2.4.5' } },
};

const success: TaskResult = {
  runId: 'run-1' as RunId,
  traceId: 'trace' as TraceId,
  spanId: 'span' as SpanId,
  outcome: 'success',
  fingerprint,
  outputs: [{ path: 'out', digest: one, size: 1 }],
  returns: {},
  duration: 1,
  end: '1' as UnixNano,
};

function reasons(question: Partial<StalenessQuestion>): readonly Reason[] {
  return reasonsToRun({ cache: true, forced: false, last: success, current: fingerprint, outputs: [{ path: 'out', digest: one }], ...question });
}

describe('reasons to run', () => {
  const table: readonly (readonly [name: string, question: Partial<StalenessQuestion>, expected: readonly Reason[]])[] = [
    ['nothing changed', {}, []],
    ['never ran', { last: undefined }, [{ type: 'never-ran' }]],
    ['a float in the place of a whole number', { current: { ...fingerprint, params: { ...fingerprint.params, layers: { a: float(1), b: [1, 2] } } } }, [{ type: 'param-changed', name: 'layers', from: { a: 1, b: [1, 2] }, to: { a: float(1), b: [1, 2] } }]],
    ['never ran, and forced', { last: undefined, forced: true }, [{ type: 'forced' }, { type: 'never-ran' }]],
    ['forced', { forced: true }, [{ type: 'forced' }]],
    ['cache: false', { cache: false }, [{ type: 'never-cached' }]],
    ['failed', { last: { ...success, outcome: 'failure', outputs: [] } }, [{ type: 'last-run-failed', runId: 'run-1' }]],
    ['did not end', { last: { ...success, outcome: 'error', outputs: [] } }, [{ type: 'last-run-failed', runId: 'run-1' }]],
    [
      'failed, and its source was changed since',
      { last: { ...success, outcome: 'failure' }, current: { ...fingerprint, sources: { 'a.py': two } } },
      [
        { type: 'last-run-failed', runId: 'run-1' },
        { type: 'source-changed', path: 'a.py', from: one, to: two },
      ],
    ],
    ['output gone', { outputs: [{ path: 'out', digest: undefined }] }, [{ type: 'output-missing', path: 'out' }]],
    ['output changed by something else', { outputs: [{ path: 'out', digest: two }] }, [{ type: 'output-changed', path: 'out', from: one, to: two }]],
    ['outputs do not matter after a failure', { last: { ...success, outcome: 'failure' }, outputs: [{ path: 'out', digest: undefined }] }, [{ type: 'last-run-failed', runId: 'run-1' }]],
  ];
  for (const [name, question, expected] of table) it(name, () => assert.deepEqual(reasons(question), expected));

  it('a success whose fingerprint was lost does not count', () => {
    const { fingerprint: _, ...lost } = success;
    assert.deepEqual(reasons({ last: lost }), [{ type: 'last-run-failed', runId: 'run-1' }]);
  });
});

describe('differences of fingerprints', () => {
  const table: readonly (readonly [name: string, change: Partial<Fingerprint>, expected: readonly Reason[]])[] = [
    ['none', {}, []],
    ['the same parameters in another order', { params: { layers: { a: 1, b: [1, 2] }, rate: 0.1 } }, []],
    ['the same keys of a map in another order', { params: { layers: { b: [1, 2], a: 1 }, rate: 0.1 } }, [{ type: 'param-changed', name: 'layers', from: { a: 1, b: [1, 2] }, to: { b: [1, 2], a: 1 } }]],
    ['a parameter', { params: { ...fingerprint.params, rate: 0.2 } }, [{ type: 'param-changed', name: 'rate', from: 0.1, to: 0.2 }]],
    ['a parameter that became null', { params: { ...fingerprint.params, rate: null } }, [{ type: 'param-changed', name: 'rate', from: 0.1, to: null }]],
    ['a number that became text', { params: { ...fingerprint.params, rate: '0.1' } }, [{ type: 'param-changed', name: 'rate', from: 0.1, to: '0.1' }]],
    ['a new parameter', { params: { ...fingerprint.params, more: 1 } }, [{ type: 'param-changed', name: 'more', to: 1 }]],
    ['a parameter less', { params: { layers: { a: 1, b: [1, 2] } } }, [{ type: 'param-changed', name: 'rate', from: 0.1 }]],
    ['a source', { sources: { 'a.py': two } }, [{ type: 'source-changed', path: 'a.py', from: one, to: two }]],
    ['an input more', { inputs: { 'data.csv': one, 'more.csv': two } }, [{ type: 'input-changed', path: 'more.csv', to: two }]],
    ['an input less', { inputs: {} }, [{ type: 'input-changed', path: 'data.csv', from: one }]],
    ['an upstream task', { upstream: { before: two } }, [{ type: 'upstream-changed', task: 'before' as never, from: one, to: two }]],
    ['an environment variable', { env: { MODE: 'slow' } }, [{ type: 'env-changed', name: 'MODE', from: 'fast', to: 'slow' }]],
    ['the interpreter', { interpreter: '' }, [{ type: 'interpreter-changed', from: 'CPython 3.12.1 /bin/python3', to: '' }]],
    ['an upgraded package', { packages: { '/venv/site-packages': { numpy: '2.4.6' } } }, [{ type: 'package-changed', name: 'numpy', from: '2.4.5', to: '2.4.6' }]],
    ['a package less', { packages: { '/venv/site-packages': {} } }, [{ type: 'package-changed', name: 'numpy', from: '2.4.5' }]],
    ['a package of another folder', { packages: { '/venv/site-packages': { numpy: '2.4.5' }, '/user/site-packages': { six: '1' } } }, [{ type: 'package-changed', name: 'six', to: '1' }]],
    ['where imports looked', { lookups: { '.': 'json' } }, []],
    [
      'a part of the definition',
      { definition: two, definitionParts: { python: 'a.py', cwd: 'sub', outputs: ['out'] } },
      [{ type: 'definition-changed', part: 'cwd', from: '.', to: 'sub' }],
    ],
    [
      'another kind',
      { definition: two, definitionParts: { shell: 'a.py', cwd: '.', outputs: ['out'] } },
      [
        { type: 'definition-changed', part: 'python', from: 'a.py' },
        { type: 'definition-changed', part: 'shell', to: 'a.py' },
      ],
    ],
  ];
  for (const [name, change, expected] of table) it(name, () => assert.deepEqual(fingerprintDifference(fingerprint, { ...fingerprint, ...change }), expected));

  it('names every component at once', () => {
    const other: Fingerprint = { ...fingerprint, params: {}, sources: {}, inputs: {}, upstream: {}, env: {}, interpreter: 'x', packages: {} };
    assert.deepEqual(
      fingerprintDifference(fingerprint, other).map((reason) => reason.type),
      ['param-changed', 'param-changed', 'source-changed', 'input-changed', 'upstream-changed', 'env-changed', 'interpreter-changed', 'package-changed'],
    );
  });
});
