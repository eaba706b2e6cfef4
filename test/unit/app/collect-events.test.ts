import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { collectEvents } from '../../../src/app/collect-events.ts';
import { createRunCollector, type RunCollector } from '../../../src/recording/run-to-spans.ts';
import { generateRun } from '../recording/generated-run.ts';
import { spanText } from '../recording/span-text.ts';

function lineOne(collector: RunCollector): readonly string[] {
  const { run, tasks } = collector.head();
  const { traceId } = collector.state() ?? assert.fail();
  return [run, ...tasks].map((span) => spanText(traceId, span));
}

describe('collectEvents', () => {
  it('gives what the events of the log would, whenever it was loaded', async () => {
    const events = generateRun(3);
    const expected = createRunCollector();
    for (const event of events) expected.apply(event);
    for (const before of [0, 1, events.length]) {
      const collected = collectEvents();
      for (const event of events.slice(0, before)) collected.add(event, 10);
      await collected.load();
      for (const event of events.slice(before)) collected.add(event, 10);
      assert.deepEqual(lineOne(collected.all() ?? assert.fail()), lineOne(expected));
      assert.deepEqual([...(collected.all()?.rest() ?? [])], [...expected.rest()]);
    }
  });

  it('holds none of a run that tells too much, also before it is loaded', async () => {
    const [first, ...others] = generateRun(3);
    assert.ok(first !== undefined);
    const [early, late] = [collectEvents(100), collectEvents(100)];
    await early.load();
    for (const collected of [early, late]) {
      collected.add(first, 90);
      for (const event of others) collected.add(event, 20);
    }
    await late.load();
    assert.deepEqual([early.all(), late.all()], [undefined, undefined]);
  });
});
