import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, it } from 'node:test';
import { openEventLog } from '../../../src/recording/event-log.ts';
import { sealRun } from '../../../src/recording/seal.ts';
import { readRecord } from '../../../src/store/read-record.ts';
import { readSeries, seriesIn } from '../../../src/store/read-series.ts';
import { generateRun } from '../recording/generated-run.ts';
import { temporaryFolder } from '../recording/temporary-folder.ts';

const fixtures = path.resolve(import.meta.dirname, '../../fixtures/records');

describe('readSeries', () => {
  it('gives what the whole record says of a metric, from the record and from the event log', async (t) => {
    const folder = temporaryFolder(t);
    let compared = 0;
    for (let seed = 1; seed <= 12; seed += 1) {
      const events = generateRun(seed, { tasks: 8 });
      const first = events[0];
      assert.ok(first?.type === 'run-started');
      const log = await openEventLog(folder, first.runId);
      for (const event of events) log.append(event);
      await log.close();
      const running = await readRecord(log.path);
      assert.ok(running.type === 'run');
      const names = new Set(running.state.tasks.flatMap((task) => Object.keys(task.metrics)));
      for (const name of names) assert.deepEqual(await readSeries(log.path, name), { type: 'series', series: seriesIn(running.state, name) });
      const record = await sealRun(folder, events);
      const read = await readRecord(record);
      assert.ok(read.type === 'run');
      for (const name of names) assert.deepEqual(await readSeries(record, name), { type: 'series', series: seriesIn(read.state, name) });
      compared += names.size;
    }
    assert.ok(compared > 20, `${compared} series`);
  });

  it('gives none for a metric that is not there, and for the trace of another tool', async (t) => {
    const record = await sealRun(temporaryFolder(t), generateRun(3));
    assert.deepEqual(await readSeries(record, 'toString'), { type: 'series', series: [] });
    assert.deepEqual(await readSeries(path.join(fixtures, 'shell-curl.otlp.json'), 'loss'), { type: 'series', series: [] });
  });

  it('says why a record can not be read, and reads what is left of one', async (t) => {
    const folder = temporaryFolder(t);
    const missing = await readSeries(path.join(folder, 'x.otlp.jsonl'), 'loss');
    assert.match(missing.type === 'failed' ? missing.message : '', /ENOENT/);
    const record = await sealRun(folder, generateRun(3));
    const text = readFileSync(record, 'utf8');
    writeFileSync(record, `${text}{"resourceSpans": [tor`);
    assert.equal((await readSeries(record, 'loss')).type, 'series');
    writeFileSync(record, 'nothing');
    assert.match(JSON.stringify(await readSeries(record, 'loss')), /"failed","message":"line 1 is not JSON/);
  });
});
