import assert from 'node:assert/strict';
import path from 'node:path';
import { describe, it } from 'node:test';
import { parseTaskLogLine, type TaskLogEntry } from '../../../../src/execution/task/task-log.ts';

const cwd = path.resolve('/pipeline');

function understands(name: string, table: readonly (readonly [line: string, expected: object | undefined])[]): void {
  describe(name, () => {
    for (const [line, expected] of table) it(line === '' ? '(empty)' : line.slice(0, 100), () => assert.deepEqual(parseTaskLogLine(line, cwd), expected as TaskLogEntry | undefined));
  });
}

understands('short forms', [
  ['metric loss=0.5', { type: 'metric', name: 'loss', value: 0.5 }],
  ['metric loss=0.5 3', { type: 'metric', name: 'loss', value: 0.5, step: 3 }],
  ['metric val/loss=-1e-3 -1', { type: 'metric', name: 'val/loss', value: -0.001, step: -1 }],
  ['  metric\tloss=1\r', { type: 'metric', name: 'loss', value: 1 }],
  ['metric loss=nan', { type: 'metric', name: 'loss', value: 'NaN' }],
  ['metric loss=NaN 4', { type: 'metric', name: 'loss', value: 'NaN', step: 4 }],
  ['metric loss=inf', { type: 'metric', name: 'loss', value: 'Infinity' }],
  ['metric loss=Infinity', { type: 'metric', name: 'loss', value: 'Infinity' }],
  ['metric loss=+Infinity', { type: 'metric', name: 'loss', value: 'Infinity' }],
  ['metric loss=-Infinity', { type: 'metric', name: 'loss', value: '-Infinity' }],
  ['param rate=0.1', { type: 'param', name: 'rate', value: 0.1 }],
  ['param note=a b=c', { type: 'param', name: 'note', value: 'a b=c' }],
  ['param layers=[1, 2]', { type: 'param', name: 'layers', value: [1, 2] }],
  ['param empty=', { type: 'param', name: 'empty', value: '' }],
  ['tag stage=0.1', { type: 'tag', name: 'stage', value: '0.1' }],
  ['return n=1.0', { type: 'return', name: 'n', value: { 'runweave.float': 1 } }],
  ['param n=1.0', { type: 'param', name: 'n', value: 1 }],
  ['{"type": "return", "name": "n", "value": [1.0, 1, 1.152921504606847e+18, "1.0"]}', { type: 'return', name: 'n', value: [{ 'runweave.float': 1 }, 1, { 'runweave.float': 2 ** 60 }, '1.0'] }],
  ['return n=true', { type: 'return', name: 'n', value: true }],
  ['return n=9007199254740992', { type: 'return', name: 'n', value: 9007199254740992 }],
  ['return n=9007199254740993', { type: 'return', name: 'n', value: '9007199254740993' }],
  ['return n={"a": null}', { type: 'return', name: 'n', value: { a: null } }],
  ['artifact plots/a b.png', { type: 'artifact', name: 'a b.png', path: path.join(cwd, 'plots/a b.png') }],
  ['', undefined],
  ['  \r', undefined],
]);

const tooDeep = (line: string): readonly [string, object] => [line, { type: 'invalid', line: line.slice(0, 200), message: 'nested more than 200 levels deep' }];
const deepLists = (depth: number): string => '['.repeat(depth) + ']'.repeat(depth);

understands('what is nested too deeply', [
  ...[201, 10_000, 200_000].flatMap((depth) => [
    tooDeep(`param a=${deepLists(depth)}`),
    tooDeep(`return a=${deepLists(depth)}`),
    tooDeep(`{"type":"return","name":"a","value":${deepLists(depth)}}`),
    tooDeep(`{"type":"cell","index":0,"status":"success","start":1,"outputs":[{"a":${deepLists(depth)}}]}`),
    tooDeep(`{"type":"unheard-of","a":${deepLists(depth)}}`),
  ]),
  ['param a=' + '['.repeat(300), { type: 'param', name: 'a', value: '['.repeat(300) }],
  [`tag a=${deepLists(300)}`, { type: 'tag', name: 'a', value: deepLists(300) }],
  [`return a=${deepLists(200)}`, { type: 'return', name: 'a', value: JSON.parse(deepLists(200)) as unknown }],
]);

understands('JSON objects', [
  [String.raw`{"type": "return", "name": "n", "value": [-9007199254740993, 0.12345678901234567, 1e300, "\":9007199254740993"]}`, { type: 'return', name: 'n', value: ['-9007199254740993', 0.12345678901234567, 1e300, '":9007199254740993'] }],
  ['{"type":"metric","name":"loss","value":9007199254740993}', { type: 'metric', name: 'loss', value: 9007199254740992 }],
  ['{"type":"metric","name":"loss","value":1,"step":2,"time":"1700000000000000001"}', { type: 'metric', name: 'loss', value: 1, step: 2, time: '1700000000000000001' }],
  ['{"type":"metric","name":"loss","value":1,"step":null}', { type: 'metric', name: 'loss', value: 1 }],
  ['{"type":"metric","name":"loss","value":"NaN"}', { type: 'metric', name: 'loss', value: 'NaN' }],
  ['{"type":"metric","name":"ok","value":true}', { type: 'metric', name: 'ok', value: 1 }],
  ['{"type":"param","name":"a","value":null}', { type: 'param', name: 'a', value: null }],
  ['{"type":"tag","name":"a","value":1}', { type: 'tag', name: 'a', value: '1' }],
  ['{"type":"return","name":"a","value":[1]}', { type: 'return', name: 'a', value: [1] }],
  ['{"type":"artifact","path":"a.png"}', { type: 'artifact', name: 'a.png', path: path.join(cwd, 'a.png') }],
  ['{"type":"artifact","path":"/abs/a.bin","name":"model","mediaType":"x/y"}', { type: 'artifact', name: 'model', path: path.resolve('/abs/a.bin'), mediaType: 'x/y' }],
  [
    '{"type":"observed","modules":["/a.py",1],"read":"no","imported":{"/site-packages":["numpy",2]},"lookups":3,"listed":{"/data":["*.csv",1]}}',
    { type: 'observed', modules: ['/a.py'], read: [], loaded: [], stamps: {}, written: [], appended: [], renamed: [], imported: { '/site-packages': ['numpy'] }, outside: {}, lookups: {}, listed: { '/data': ['*.csv'] }, misfit: '', roots: [] },
  ],
  ['{"type":"cell","index":0,"status":"running","label":"[1]","start":"17"}', { type: 'cell', index: 0, status: 'running', label: '[1]', start: '17' }],
  ['{"type":"cell","index":0,"status":"success","start":17,"end":18}', { type: 'cell', index: 0, status: 'success', label: '', start: '17', end: '18' }],
  [
    '{"type":"exception","exceptionType":"ValueError","frames":[{"file":"a.py","line":3,"function":"f"},{"file":"a.py"},5]}',
    { type: 'exception', exceptionType: 'ValueError', message: '', stacktrace: '', frames: [{ file: 'a.py', line: 3, function: 'f' }] },
  ],
]);

describe('lines that are not understood', () => {
  const table: readonly (readonly [line: string, message: RegExp])[] = [
    ['hello', /neither a JSON object nor/],
    ['metric loss', /neither/],
    ['metric loss=', /neither/],
    ['metric loss=high', /neither/],
    ['metric loss=1 now', /neither/],
    ['metric loss=1e999', /neither/],
    ['metric =1', /neither/],
    ['metrics loss=1', /neither/],
    ['{"type":"metric"', /not valid JSON/],
    ['{"type":"unknown"}', /unknown type/],
    ['{}', /unknown type/],
    ['{"type":"metric","name":"a"}', /field is missing/],
    ['{"type":"metric","name":"a","value":1,"step":0.5}', /wrong type/],
    ['{"type":"metric","name":1,"value":1}', /wrong type/],
    ['{"type":"metric","name":"a","value":1e999}', /wrong type/],
    ['{"type":"param","name":"a"}', /missing/],
    ['{"type":"artifact"}', /missing/],
    ['{"type":"cell","index":0,"status":"lost","start":"1"}', /wrong type/],
    ['{"type":"exception"}', /missing/],
    ['[1]', /neither/],
  ];
  for (const [line, message] of table) {
    it(line, () => {
      const entry = parseTaskLogLine(line, cwd);
      assert.equal(entry?.type, 'invalid');
      assert.match(entry.message, message);
      assert.equal(entry.line, line);
    });
  }

  it('are cut when they are long', () => {
    const entry = parseTaskLogLine('x'.repeat(1000), cwd);
    assert.equal(entry?.type === 'invalid' && entry.line.length, 200);
  });
});
