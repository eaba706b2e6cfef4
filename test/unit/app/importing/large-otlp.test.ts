import assert from 'node:assert/strict';
import { readdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { importRuns } from '../../../../src/app/importing/import-runs.ts';
import { isLargeOtlp, readLargeOtlp, type LargeImport } from '../../../../src/app/importing/large-otlp.ts';
import { readSource } from '../../../../src/app/importing/read-source.ts';
import { importFiles } from '../../../../src/importers/import-files.ts';
import type { SourceFile } from '../../../../src/importers/source.ts';
import { createRunFold, type RunState } from '../../../../src/model/run-state.ts';
import type { UnixNano } from '../../../../src/model/time.ts';
import { readRecord } from '../../../../src/store/read-record.ts';
import { temporaryFolder } from '../../recording/temporary-folder.ts';

const fixtures = path.resolve(import.meta.dirname, '../../../fixtures');

async function sourceOf(file: string): Promise<SourceFile> {
  const [source] = (await readSource(file, path.basename(file))).files;
  assert.ok(source !== undefined);
  return source;
}

async function statesOf({ runs }: Pick<LargeImport, 'runs'>): Promise<readonly unknown[]> {
  const states: unknown[] = [];
  for (const { events } of runs) {
    const fold = createRunFold();
    for await (const event of typeof events === 'function' ? events() : events) if (event.type !== 'file') fold.apply(event);
    const state = fold.state();
    assert.ok(state !== undefined);
    states.push(withoutIds(state));
  }
  return states;
}

/** What is made of the identity, which is another when spans are not held. */
function withoutIds({ runId: _, spanId: __, traceId: ____, ...state }: RunState): unknown {
  const { 'cicd.pipeline.run.id': ___, ...resource } = state.resource;
  return { ...state, resource, tasks: state.tasks.map(({ node, attempts, ...task }) => ({ ...task, node: { ...node, spanId: '' }, attempts: attempts.map((attempt) => ({ ...attempt, spanId: '' })) })) };
}

function write(t: TestContext, name: string, content: string): string {
  const file = path.join(temporaryFolder(t), name);
  writeFileSync(file, content);
  return file;
}

const span = (index: number, more: object = {}): object => ({ traceId: 'aa'.repeat(16), spanId: (index + 1).toString(16).padStart(16, '0'), parentSpanId: '0000000000000001', name: `span ${index}`, startTimeUnixNano: `${1_700_000_000_000_000_000n + BigInt(index)}`, endTimeUnixNano: `${1_700_000_000_000_000_100n + BigInt(index)}`, ...more });
const line = (spans: readonly object[]): string => `${JSON.stringify({ resourceSpans: [{ resource: { attributes: [{ key: 'service.name', value: { stringValue: 'shop' } }] }, scopeSpans: [{ scope: { name: 'x' }, spans }] }] })}\n`;

describe('readLargeOtlp', () => {
  it('tells the same as is told of a file that is held', async () => {
    const files = [...readdirSync(path.join(fixtures, 'import/otlp')).map((name) => path.join(fixtures, 'import/otlp', name)), ...readdirSync(path.join(fixtures, 'records')).filter((name) => name.includes('.otlp.')).map((name) => path.join(fixtures, 'records', name))];
    assert.ok(files.length >= 5);
    for (const file of files) {
      const source = await sourceOf(file);
      const held = await importFiles([source], { named: true, writtenAt: () => '0' as UnixNano });
      const large = await readLargeOtlp(source, undefined);
      assert.deepEqual(await statesOf(large), await statesOf({ runs: held.runs.map((run) => ({ ...run, first: run.events[0] })) }), file);
    }
  });

  it('makes runs of pipelines, and one of what is left', async (t) => {
    const task = { attributes: [{ key: 'cicd.pipeline.task.name', value: { stringValue: 'build' } }], traceId: 'bb'.repeat(16) };
    const file = write(t, 'mixed.jsonl', line([span(0), span(1)]) + line([span(2, { ...task, parentSpanId: '' }), span(3, { traceId: 'bb'.repeat(16), parentSpanId: '0000000000000003' })]) + line([span(4)]));
    const { runs, problems } = await readLargeOtlp(await sourceOf(file), undefined);
    assert.deepEqual(problems, []);
    const states = (await statesOf({ runs })) as readonly RunState[];
    assert.deepEqual(states.map((state) => state.tasks.map((each) => [each.node.id, each.attempts[0]?.spanCount])), [[['build', 1]], [['trace', 3]]]);
  });

  it('says in which lines it is damaged, and takes the rest', async (t) => {
    const { runs, problems } = await readLargeOtlp(await sourceOf(write(t, 'x.jsonl', `${line([span(0)])}{"resourceSpans":[}\n${line([span(1)])}`)), undefined);
    assert.deepEqual(problems, [{ file: 'x.jsonl', line: 2, message: 'not OTLP/JSON' }]);
    assert.equal(((await statesOf({ runs })) as readonly RunState[])[0]?.tasks[0]?.attempts[0]?.spanCount, 2);
  });

  it('is how a large file is imported, which makes one record however often', { timeout: 600_000 }, async (t) => {
    const text = line(Array.from({ length: 100 }, (_, index) => span(index, { attributes: [{ key: 'text', value: { stringValue: 'x'.repeat(3000) } }] })));
    const file = write(t, 'large.otlp.jsonl', text.repeat(Math.ceil((9 * 1024 * 1024) / text.length)));
    assert.equal(await isLargeOtlp(await sourceOf(file)), true);
    const store = path.join(path.dirname(file), '.runweave');
    const { runs, problems } = await importRuns(store, ['large.otlp.jsonl'], path.dirname(file));
    assert.deepEqual([problems, runs.length, runs[0]?.existed], [[], 1, false]);
    const read = await readRecord(runs[0]?.record ?? '');
    assert.ok(read.type === 'trace');
    assert.deepEqual([read.title, read.total], ['shop: span 0', 100 * Math.ceil((9 * 1024 * 1024) / text.length)]);
    assert.equal((await importRuns(store, ['large.otlp.jsonl'], path.dirname(file))).runs[0]?.existed, true);
  });

  it('is given up without leaving anything', async (t) => {
    const file = write(t, 'x.otlp.jsonl', line([span(0)]));
    const store = path.join(path.dirname(file), '.runweave');
    assert.deepEqual(await importRuns(store, ['x.otlp.jsonl'], path.dirname(file), { signal: AbortSignal.abort() }), { runs: [], problems: [], cancelled: true });
    await assert.rejects(readLargeOtlp(await sourceOf(file), AbortSignal.abort()), { name: 'AbortError' });
  });
});
