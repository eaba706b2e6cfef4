import assert from 'node:assert/strict';
import { copyFileSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, it } from 'node:test';
import { gzipSync } from 'node:zlib';
import { plainSummary } from '../../../src/model/run-block.ts';
import { createRunFold } from '../../../src/model/run-state.ts';
import { openEventLog } from '../../../src/recording/event-log.ts';
import { recoverRuns, sealRun } from '../../../src/recording/seal.ts';
import { listRuns } from '../../../src/store/list-runs.ts';
import { readRecord } from '../../../src/store/read-record.ts';
import type { ReadRecord } from '../../../src/store/read-record.ts';
import { runFiles } from '../../../src/store/run-files.ts';
import { summarize } from '../../../src/store/summarize.ts';
import { generateRun } from '../recording/generated-run.ts';
import { temporaryFolder } from '../recording/temporary-folder.ts';

const fixtures = path.resolve(import.meta.dirname, '../../fixtures/records');

function trace(read: ReadRecord): Extract<ReadRecord, { readonly type: 'trace' }> {
  if (read.type !== 'trace') assert.fail(JSON.stringify(read).slice(0, 300));
  return read;
}

describe('readRecord, traces of other programs', () => {
  it('reads the one document of the protocol’s own example', async () => {
    assert.deepEqual(await readRecord(path.join(fixtures, 'opentelemetry-proto-trace.otlp.json')), {
      type: 'trace',
      title: "my.service: I'm a server span",
      total: 1,
      spans: [
        {
          spanId: 'eee19b7ec3c1b174',
          parentSpanId: 'eee19b7ec3c1b173',
          name: "I'm a server span",
          service: 'my.service',
          start: '1544712660000000000',
          end: '1544712661000000000',
          error: false,
          attributes: { 'my.span.attr': 'some value' },
        },
      ],
    });
  });

  it('reads the lines of a file exporter, with ids that are empty', async () => {
    const { spans, total } = trace(await readRecord(path.join(fixtures, 'file-exporter-spec.otlp.jsonl')));
    assert.equal(total, 8);
    assert.equal(new Set(spans.map((span) => span.spanId)).size, 8);
    assert.equal(spans[0]?.error, true);
  });

  it('reads documents one after the other, and passes over metrics and logs', async () => {
    const { title, spans } = trace(await readRecord(path.join(fixtures, 'shell-curl.otlp.json')));
    assert.equal(title, 'unknown_service: send/receive');
    assert.equal(spans.length, 6);
  });

  it('reads a trace without a service', async () => {
    assert.equal(trace(await readRecord(path.join(fixtures, 'jaeger-ui-error.otlp.json'))).title, 'okey-dokey-0');
  });

  it('shows the first 5000 spans and counts all', async (t) => {
    const file = path.join(temporaryFolder(t), 'large.otlp.jsonl');
    const line = JSON.stringify({ resourceSpans: [{ scopeSpans: [{ spans: Array.from({ length: 100 }, () => ({ traceId: 'AB', spanId: 'CD', name: 'x', startTimeUnixNano: 1.5e18, endTimeUnixNano: 'x' })) }] }] });
    writeFileSync(file, `${line}\n`.repeat(60));
    const { spans, total } = trace(await readRecord(file));
    assert.deepEqual([spans.length, total], [5000, 6000]);
    assert.deepEqual(spans[0], { spanId: 'cd', name: 'x', start: '1500000000000000000', end: '0', error: false, attributes: {} });
  });
});

describe('readRecord, event logs', () => {
  it('reads of a run whose writer died what its record will say', async (t) => {
    const folder = temporaryFolder(t);
    const all = generateRun(5);
    const events = all.slice(0, all.findIndex((event) => event.type === 'attempt-started') + 2);
    const first = events[0];
    assert.ok(first?.type === 'run-started');
    const log = await openEventLog(folder, first.runId);
    for (const event of events) log.append(event);
    await log.close();
    const living = await readRecord(log.path);
    assert.ok(living.type === 'run' && living.state.outcome === undefined);

    writeFileSync(log.path, readFileSync(log.path, 'utf8').replace(/"pid":\d+/, '"pid":2147483647'));
    const cutOff = await readRecord(log.path);
    const [listed] = await listRuns(folder);
    await recoverRuns(folder);
    const [file] = await runFiles(folder);
    const sealed = await readRecord(file?.path ?? '');
    assert.ok(cutOff.type === 'run' && sealed.type === 'run' && listed?.type === 'run');
    assert.equal(file?.live, false);
    assert.equal(cutOff.state.interrupted, true);
    assert.deepEqual(cutOff.state.tasks.map(({ phase, failure }) => [phase, failure?.type]), sealed.state.tasks.map(({ phase, failure }) => [phase, failure?.type]));
    assert.deepEqual([cutOff.state.outcome, cutOff.state.end], [sealed.state.outcome, sealed.state.end]);
    assert.deepEqual(plainSummary(listed.summary), { ...plainSummary(summarize(sealed.state, '')), path: log.path });
  });
});

describe('readRecord, of what is nested too deeply', () => {
  const lists = (depth: number): string => '['.repeat(depth) + ']'.repeat(depth);
  const ids = '"traceId":"123456789abcdef0123456789abcdef0","spanId":"123456789abcdef0"';

  for (const depth of [10_000, 200_000]) {
    it(`${depth} levels: attributes and fields of spans, events of a log`, async (t) => {
      const file = path.join(temporaryFolder(t), 'deep.otlp.jsonl');
      const attributes = [
        `{"key":"list","value":${'{"arrayValue":{"values":['.repeat(depth)}${']}}'.repeat(depth)}}`,
        `{"key":"text","value":{"stringValue":"${lists(depth)}"}}`,
        '{"key":"runweave.json","value":{"arrayValue":{"values":[{"stringValue":"text"}]}}}',
      ];
      writeFileSync(file, `{"resourceSpans":[{"scopeSpans":[{"spans":[{${ids},"name":"s","attributes":[${attributes.join(',')}],"extra":${lists(depth)}}]}]}],"extra":${lists(depth)}}\n`);
      const { spans } = trace(await readRecord(file));
      assert.equal(spans[0]?.attributes['text']?.slice(0, 100), '['.repeat(100));

      const started = `{"type":"run-started","time":"1","runId":"r",${ids},"pipeline":{"name":"p","file":"f"},"params":{},"trigger":{"type":"manual","tasks":[]},"tasks":[],"resource":{}}`;
      writeFileSync(file, `${started}\n{"type":"tasks-changed","time":"2","params":{"a":${lists(depth)}},"tasks":[]}\n{"type":"run-ended","time":"3","outcome":"success"}\n`);
      const read = await readRecord(file);
      assert.ok(read.type === 'run');
      assert.deepEqual([read.state.params, read.state.outcome, read.state.warnings.length], [{}, 'success', 1]);
    });
  }
});

describe('readRecord, large files', () => {
  const span = (index: number): unknown => ({ traceId: 'ab', spanId: index.toString(16).padStart(16, '0'), name: `s "${index}" }]{`, attributes: [{ key: 'n', value: { intValue: index } }, { key: 'path', value: { stringValue: 'C:\\' } }] });
  const document = (count: number): unknown => ({ resourceSpans: [{ resource: { attributes: [{ key: 'service.name', value: { stringValue: 'shop' } }] }, scopeSpans: [{ scope: { name: 'x' }, spans: Array.from({ length: count }, (_, index) => span(index)) }] }] });

  it('reads one document as it reads its lines, indented or not, packed or not', async (t) => {
    const folder = temporaryFolder(t);
    const file = (name: string, content: string | Buffer): string => {
      const target = path.join(folder, name);
      writeFileSync(target, content);
      return target;
    };
    const text = JSON.stringify(document(6000));
    const read = trace(await readRecord(file('one.otlp.json', text)));
    assert.deepEqual([read.title, read.spans.length, read.total], ['shop: s "0" }]{', 5000, 6000]);
    assert.deepEqual([read.spans[4999]?.service, read.spans[4999]?.attributes], ['shop', { n: '4999', path: 'C:\\' }]);
    assert.deepEqual(await readRecord(file('indented.otlp.json', JSON.stringify(document(6000), null, 2))), read);
    assert.deepEqual(await readRecord(file('packed.otlp.json', gzipSync(text))), read);
  });

  it('shows what is whole of a document that is cut off, packed or not', async (t) => {
    const file = path.join(temporaryFolder(t), 'cut.otlp.json');
    const text = JSON.stringify(document(2000));
    writeFileSync(file, text.slice(0, text.indexOf('"000000000000044c"')));
    const cut = trace(await readRecord(file));
    assert.deepEqual([cut.total, cut.spans.length, cut.spans[1099]?.service], [1100, 1100, 'shop']);
    assert.match(cut.title, /\(damaged: line 1: the document does not end\)$/);
    writeFileSync(file, gzipSync(text).subarray(0, 4000));
    const packed = trace(await readRecord(file));
    assert.ok(packed.total > 0 && packed.total < 2000);
    assert.match(packed.title, /it can't be unpacked further/);
  });

  it('says that nothing is in a file that unpacks to very much', { timeout: 300_000 }, async (t) => {
    const file = path.join(temporaryFolder(t), 'bomb.otlp.json.gz');
    const packed = gzipSync(Buffer.alloc(8 * 1024 * 1024));
    writeFileSync(file, Buffer.concat(Array.from({ length: 200 }, () => packed)));
    const read = await readRecord(file);
    assert.ok(read.type === 'unreadable');
    assert.match(read.message, /there is no document in its first 512 MiB$/);
  });

  it('can be given up', async (t) => {
    const file = path.join(temporaryFolder(t), 'x.otlp.json');
    writeFileSync(file, JSON.stringify(document(10)));
    await assert.rejects(readRecord(file, { signal: AbortSignal.abort() }), { name: 'AbortError' });
  });
});

describe('readRecord, files that are no good', () => {
  it('says what and where, and never throws', async (t) => {
    const file = path.join(temporaryFolder(t), 'bad.otlp.jsonl');
    const cases: readonly (readonly [string | Buffer, RegExp])[] = [
      ['', /^the file is empty$/],
      ['\n\n', /^the file is empty$/],
      ['hello', /^line 1 is not JSON/],
      ['\n{"resourceSpans":[', /^line 2: the document does not end$/],
      ['{}', /^line 1 is JSON, but not OTLP$/],
      ['null\n', /^line 1 is JSON, but not OTLP$/],
      ['[]\n', /^line 1 is JSON, but not OTLP$/],
      ['{"resourceSpans":[]}', /^the file holds no spans$/],
      ['{"resourceLogs":[]}', /^the file holds no spans$/],
      [Buffer.from([0xff, 0xfe, 0x00, 0x0a, 0x1f, 0x8b]), /^line 1 is not JSON/],
      ['['.repeat(500_000), /^line 1 is not JSON/],
      ['{"type":"run-started","time":"1"}\n', /./],
      ['{"type":"writer","pid":1}\n', /no run-started/],
    ];
    for (const [text, message] of cases) {
      writeFileSync(file, text);
      const read = await readRecord(file);
      if (read.type !== 'unreadable') assert.fail(`${text.toString('latin1').slice(0, 50)} → ${read.type}`);
      assert.match(read.message, message);
    }
    assert.equal((await readRecord(path.join(fixtures, 'nowhere'))).type, 'unreadable');
    assert.equal((await readRecord(fixtures)).type, 'unreadable');
  });

  it('takes any value in any place for a record of ours', async (t) => {
    const folder = temporaryFolder(t);
    const text = readFileSync(await sealRun(folder, generateRun(5)), 'utf8');
    const file = path.join(folder, 'bent.otlp.jsonl');
    for (const [from, to] of [
      [/"(stringValue|intValue|boolValue|doubleValue)":/g, '"kvlistValue":'],
      [/"arrayValue":/g, '"stringValue":'],
      [/"value":/g, '"__proto__":'],
      [/"timeUnixNano":"/g, '"timeUnixNano":"-'],
      [/\{\\"/g, '[\\"'],
      [/"events":\[/g, '"events":[null,7,"x",{"attributes":[null,{"key":1}]},'],
      [/"links":\[/g, '"links":[[],'],
      [/"intValue":\d+/g, '"doubleValue":"NaN"'],
      [/"parentSpanId":"\w+"/g, '"parentSpanId":"94b484d1827635be"'],
    ] as const) {
      assert.match(text, from);
      writeFileSync(file, text.replaceAll(from, to));
      const read = await readRecord(file);
      assert.ok(['run', 'trace', 'unreadable'].includes(read.type));
    }
    assert.equal(({} as Record<string, unknown>)['polluted'], undefined);
  });

  it('does not let names of attributes reach prototypes', async (t) => {
    const file = path.join(temporaryFolder(t), 'proto.otlp.jsonl');
    const attributes = '[{"key":"__proto__","value":{"kvlistValue":{"values":[{"key":"polluted","value":{"boolValue":true}},{"key":"__proto__","value":{"stringValue":"x"}}]}}}]';
    writeFileSync(file, `{"resourceSpans":[{"scopeSpans":[{"spans":[{"name":"x","attributes":${attributes}}]}]}]}\n`);
    const { spans } = trace(await readRecord(file));
    assert.deepEqual(Object.keys(spans[0]?.attributes ?? {}), ['__proto__']);
    assert.equal((spans[0]?.attributes as Record<string, unknown>)['polluted'], undefined);
    assert.equal(({} as Record<string, unknown>)['polluted'], undefined);
  });

  it('reads a value that is nested without end', async (t) => {
    const file = path.join(temporaryFolder(t), 'deep.otlp.jsonl');
    const deep = `${'{"arrayValue":{"values":['.repeat(20_000)}{"stringValue":"x"}${']}}'.repeat(20_000)}`;
    writeFileSync(file, `{"resourceSpans":[{"scopeSpans":[{"spans":[{"name":"x","attributes":[{"key":"a","value":${deep}}]}]}]}]}\n`);
    assert.equal(trace(await readRecord(file)).total, 1);
  });
});

describe('readRecord, runs', () => {
  it('shows of a record that was cut short what can be read, and says so', async (t) => {
    const record = await sealRun(temporaryFolder(t), generateRun(8, { tasks: 60 }));
    const whole = await readRecord(record);
    const text = readFileSync(record);
    writeFileSync(record, text.subarray(0, text.length - 5000));
    const read = await readRecord(record);
    assert.ok(read.type === 'run' && whole.type === 'run');
    assert.equal(read.state.tasks.length, whole.state.tasks.length);
    assert.match(read.state.warnings.at(-1) ?? '', /^The record is damaged, and shows what could be read: line \d+ is not JSON/);
    // Within its first line: the tasks that are whole.
    writeFileSync(record, text.subarray(0, text.indexOf('\n') - 1000));
    const cut = await readRecord(record);
    assert.ok(cut.type === 'run');
    assert.ok(cut.state.tasks.length > 0 && cut.state.tasks.length < whole.state.tasks.length);
    assert.match(cut.state.warnings.at(-1) ?? '', /: line 1: the document does not end$/);
    writeFileSync(record, text.subarray(0, 200));
    assert.equal((await readRecord(record)).type, 'unreadable');
  });

  it('reads a record that was turned into one indented document', async (t) => {
    const folder = temporaryFolder(t);
    const record = await sealRun(folder, generateRun(8, { tasks: 60 }));
    const lines = readFileSync(record, 'utf8').trimEnd().split('\n').map((line) => JSON.parse(line) as { resourceSpans: unknown[] });
    const one = path.join(folder, 'one.otlp.json');
    writeFileSync(one, JSON.stringify({ resourceSpans: lines.flatMap((line) => line.resourceSpans) }, null, 2));
    assert.deepEqual(await readRecord(one), await readRecord(record));
  });

  it('reads the event log of a run in progress, under any name', async (t) => {
    const folder = temporaryFolder(t);
    const events = generateRun(5, { cutAfter: 30 });
    const first = events[0];
    assert.ok(first?.type === 'run-started');
    const log = await openEventLog(folder, first.runId);
    for (const event of events) log.append(event);
    await log.close();
    const fold = createRunFold();
    for (const event of events) fold.apply(event);
    const copy = path.join(folder, 'copy.jsonl');
    copyFileSync(log.path, copy);
    for (const file of [log.path, copy]) assert.deepEqual(await readRecord(file), { type: 'run', state: fold.state() });
  });
});
