import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { readFileSync } from 'node:fs';
import type { TaskId } from '../../../src/model/pipeline.ts';
import type { RunEvent } from '../../../src/model/run-event.ts';
import { sealRun } from '../../../src/recording/seal.ts';
import { temporaryFolder } from './temporary-folder.ts';

interface AnyValue {
  readonly stringValue?: string;
  readonly intValue?: number;
  readonly doubleValue?: number;
  readonly boolValue?: boolean;
  readonly arrayValue?: { readonly values: readonly AnyValue[] };
}
type Attributes = readonly { readonly key: string; readonly value: AnyValue }[];
interface Span {
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId?: string;
  readonly name: string;
  readonly kind: number;
  readonly startTimeUnixNano: string;
  readonly endTimeUnixNano: string;
  readonly status: { readonly code: number; readonly message?: string };
  readonly attributes: Attributes;
  readonly events: readonly { readonly name: string; readonly timeUnixNano: string; readonly attributes: Attributes }[];
  readonly links: readonly { readonly traceId: string; readonly spanId: string; readonly attributes: Attributes }[];
}

function plain(value: AnyValue): unknown {
  return value.arrayValue === undefined ? (value.stringValue ?? value.intValue ?? value.doubleValue ?? value.boolValue ?? null) : value.arrayValue.values.map(plain);
}

function attributes(list: Attributes): unknown {
  return Object.fromEntries(list.map(({ key, value }) => [key, plain(value)]));
}

/** A span as the file has it, attributes as an object. */
function readable(span: Span): unknown {
  return {
    span: `${span.parentSpanId ?? '-'} ${span.spanId} ${span.name}`,
    times: [span.startTimeUnixNano, span.endTimeUnixNano],
    status: span.status,
    attributes: attributes(span.attributes),
    ...(span.events.length > 0 && { events: span.events.map((event) => [event.name, event.timeUnixNano, attributes(event.attributes)]) }),
    ...(span.links.length > 0 && { links: span.links.map((link) => [link.traceId, link.spanId, attributes(link.attributes)]) }),
  };
}

const id = (n: number): never => String(n).repeat(16) as never;
const time = (n: number): never => `179500000000000000${n}` as never;
const task = 'b[n=1]' as TaskId;
const node = { matrix: {}, dependencies: [], outputs: [], tags: [] } as const;

const events: readonly RunEvent[] = [
  {
    type: 'run-started',
    time: time(0),
    runId: '20261120T100000Z-p-1111' as never,
    traceId: 'ab'.repeat(16) as never,
    spanId: id(1),
    pipeline: { name: 'p', file: 'runweave.yaml' },
    params: { ratio: 0.7 },
    trigger: { type: 'change', files: ['b.py'], count: 1 },
    tasks: [
      { ...node, id: 'a' as TaskId, name: 'a', kind: 'shell', source: 'make a', spanId: id(2) },
      { ...node, id: task, name: 'b', kind: 'notebook', source: 'b.py', spanId: id(3), dependencies: ['a' as TaskId], matrix: { n: 1 }, owner: 'me' },
    ],
    resource: { 'service.name': 'runweave' },
  },
  { type: 'task-skipped', task: 'a' as TaskId, time: time(1), reason: 'up-to-date', madeBy: { runId: '20261119T100000Z-p-0000' as never, traceId: 'cd'.repeat(16) as never, spanId: id(9) } },
  { type: 'task-stale', task, time: time(1), reasons: [{ type: 'forced' }] },
  { type: 'task-started', task, time: time(1), fingerprint: { env: {} } as never, params: { n: 1 } },
  { type: 'attempt-started', task, attempt: 1, time: time(1), spanId: id(4), cause: 'first', command: ['python3', 'b.py'], cwd: '.', pid: 7 },
  { type: 'output', task, attempt: 1, time: time(2), stream: 'stdout', text: 'one ' },
  { type: 'output', task, attempt: 1, time: time(3), stream: 'stdout', text: 'two\n' },
  { type: 'metric', task, attempt: 1, time: time(3), name: 'loss', value: 0.5, step: 1 },
  { type: 'metric', task, attempt: 1, time: time(4), name: 'loss', value: 'NaN' },
  { type: 'attempt-ended', task, attempt: 1, time: time(4), outcome: 'failure', exitCode: 1, failure: { type: 'ValueError', message: 'no', stacktrace: 'Traceback', frames: [{ file: 'b.py', line: 3, function: 'main' }] } },
  { type: 'attempt-started', task, attempt: 2, time: time(5), spanId: id(5), cause: 'retry', command: ['python3', 'b.py'], cwd: '.', pid: 8 },
  { type: 'cell', task, attempt: 2, time: time(6), index: 0, status: 'success', label: 'import x', start: time(5), end: time(6) },
  { type: 'metric', task, attempt: 2, time: time(6), name: 'loss', value: 0.25, step: 1 },
  { type: 'attempt-ended', task, attempt: 2, time: time(7), outcome: 'success', exitCode: 0 },
  { type: 'task-ended', task, time: time(8), outcome: 'success', outputs: [], returns: { n: 2 } },
  { type: 'run-ended', time: time(9), outcome: 'success' },
];

describe('a record', () => {
  it('has the spans of its run', async (t) => {
    const lines = readFileSync(await sealRun(temporaryFolder(t), events), 'utf8').trimEnd().split('\n');
    const spans = lines.map((line) => (JSON.parse(line) as { resourceSpans: { scopeSpans: { spans: Span[] }[] }[] }).resourceSpans[0]?.scopeSpans[0]?.spans.map(readable));
    assert.deepEqual(spans, [
      [
        {
          span: `- ${id(1) as string} RUN p`,
          times: [time(0), time(9)],
          status: { code: 1 },
          attributes: {
            'runweave.record.version': 1,
            'cicd.pipeline.name': 'p',
            'cicd.pipeline.run.id': '20261120T100000Z-p-1111',
            'cicd.pipeline.result': 'success',
            'runweave.pipeline.file': 'runweave.yaml',
            'runweave.trigger': '{"type":"change","files":["b.py"],"count":1}',
            'runweave.interrupted': false,
            'runweave.warnings': [],
            'runweave.param.ratio': 0.7,
            'runweave.json': ['runweave.trigger'],
          },
        },
        {
          span: `${id(1) as string} ${id(2) as string} a`,
          times: [time(1), time(1)],
          status: { code: 0 },
          attributes: {
            'runweave.task.id': 'a',
            'cicd.pipeline.task.name': 'a',
            'cicd.pipeline.task.run.id': '20261120T100000Z-p-1111/a',
            'cicd.pipeline.task.run.result': 'skip',
            'runweave.task.kind': 'shell',
            'runweave.task.source': 'make a',
            'runweave.skip.reason': 'up-to-date',
          },
          links: [['cd'.repeat(16), id(9), { 'runweave.link.type': 'made-by', 'runweave.run.id': '20261119T100000Z-p-0000' }]],
        },
        {
          span: `${id(1) as string} ${id(3) as string} b[n=1]`,
          times: [time(1), time(8)],
          status: { code: 1 },
          attributes: {
            'runweave.task.id': 'b[n=1]',
            'cicd.pipeline.task.name': 'b',
            'cicd.pipeline.task.run.id': '20261120T100000Z-p-1111/b[n=1]',
            'cicd.pipeline.task.run.result': 'success',
            'runweave.task.kind': 'notebook',
            'runweave.task.source': 'b.py',
            'runweave.task.matrix': '{"n":1}',
            'runweave.task.dependencies': ['a'],
            'runweave.task.owner': 'me',
            'runweave.reasons': '[{"type":"forced"}]',
            'runweave.fingerprint': '{"env":{}}',
            'runweave.returns': '{"n":2}',
            'runweave.param.n': 1,
            'runweave.metric.loss': 0.25,
            'runweave.json': ['runweave.task.matrix', 'runweave.reasons', 'runweave.fingerprint', 'runweave.returns'],
          },
          links: [['ab'.repeat(16), id(2), {}]],
        },
      ],
      [
        {
          span: `${id(3) as string} ${id(4) as string} attempt 1`,
          times: [time(1), time(4)],
          status: { code: 2, message: 'no' },
          attributes: {
            'runweave.task.id': 'b[n=1]',
            'runweave.attempt.number': 1,
            'runweave.attempt.cause': 'first',
            'runweave.attempt.result': 'failure',
            'error.type': 'ValueError',
            'process.command_args': ['python3', 'b.py'],
            'process.working_directory': '.',
            'process.pid': 7,
            'process.exit.code': 1,
          },
          events: [
            ['runweave.output', time(2), { 'runweave.output.stream': 'stdout', 'runweave.output.text': 'one two\n' }],
            [
              'runweave.metrics',
              time(3),
              { 'runweave.metrics.name': 'loss', 'runweave.metrics.times': [0, 1], 'runweave.metrics.values': '[0.5,"NaN"]', 'runweave.metrics.steps': [1, null], 'runweave.json': ['runweave.metrics.values'] },
            ],
            [
              'exception',
              time(4),
              {
                'exception.type': 'ValueError',
                'exception.message': 'no',
                'exception.stacktrace': 'Traceback',
                'runweave.exception.frames': '[{"file":"b.py","line":3,"function":"main"}]',
                'code.file.path': 'b.py',
                'code.line.number': 3,
                'code.function.name': 'main',
                'runweave.json': ['runweave.exception.frames'],
              },
            ],
          ],
        },
        {
          span: `${id(3) as string} ${id(5) as string} attempt 2`,
          times: [time(5), time(7)],
          status: { code: 1 },
          attributes: {
            'runweave.task.id': 'b[n=1]',
            'runweave.attempt.number': 2,
            'runweave.attempt.cause': 'retry',
            'runweave.attempt.result': 'success',
            'process.command_args': ['python3', 'b.py'],
            'process.working_directory': '.',
            'process.pid': 8,
            'process.exit.code': 0,
          },
          events: [['runweave.metrics', time(6), { 'runweave.metrics.name': 'loss', 'runweave.metrics.times': [0], 'runweave.metrics.values': [0.25], 'runweave.metrics.steps': [1] }]],
        },
        {
          span: `${id(5) as string} b5b5032f1ed4849e cell 0`,
          times: [time(5), time(6)],
          status: { code: 1 },
          attributes: { 'runweave.cell.index': 0, 'runweave.cell.status': 'success', 'runweave.cell.label': 'import x' },
        },
      ],
    ]);
  });
});
