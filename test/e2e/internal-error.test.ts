/** A bug of ours in the midst of a run costs that run: its tasks are ended, and what it has done is recorded. */
import assert from 'node:assert/strict';
import path from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { openSession } from '../../src/app/session.ts';
import { processesWith } from '../../src/execution/backend/descendants.ts';
import type { RunEvent } from '../../src/model/run-event.ts';
import type { RunState } from '../../src/model/run-state.ts';
import type { SessionMessage } from '../../src/protocol/session.ts';
import { readRecord } from '../../src/store/read-record.ts';
import { eventually } from '../eventually.ts';
import { workspace } from './runweave.ts';

const file = `
slots: {cpus: 2}
on_failure: continue
tasks:
  done: {shell: "true"}
  other: {shell: "exec sleep 600", needs: [done]}
  deep: {shell: 'echo "param a=1" >> "$RUNWEAVE_LOG"; exec sleep 600', needs: [done]}
  after: {shell: "true", needs: [other]}
`;

/** Runs it with something that throws when it is told of such an event. */
async function runWith(context: TestContext, isBroken: (event: RunEvent) => boolean): Promise<{ readonly outcome: string; readonly state: RunState; readonly told: readonly RunEvent[] }> {
  const place = workspace(context, { 'runweave.yaml': file });
  const told: RunEvent[] = [];
  const listener = (message: SessionMessage): void => {
    if (message.type !== 'event') return;
    told.push(message.event);
    if (isBroken(message.event)) throw new RangeError('Maximum call stack size exceeded');
  };
  const session = await openSession({ file: path.join(place.folder, 'runweave.yaml') }, listener);
  context.after(() => session.close());
  const result = await session.run({ tasks: [], force: false });
  assert.ok('record' in result, JSON.stringify(result));
  const record = await readRecord(result.record);
  assert.ok(record.type === 'run');
  await eventually(() => assert.deepEqual(processesWith([`RUNWEAVE_RUN_ID=${record.state.runId}`]), []));
  return { outcome: result.outcome, state: record.state, told };
}

describe('an internal error', { timeout: 120_000 }, () => {
  for (const type of ['attempt-started', 'param'] as const) {
    it(`where a run is told of, at ${type}`, async (context) => {
      let hasBroken = false;
      const { outcome, state, told } = await runWith(context, (event) => {
        if (hasBroken || event.type !== type || event.task === 'done') return false;
        return (hasBroken = true);
      });
      assert.deepEqual([outcome, state.outcome], ['error', 'error']);
      assert.deepEqual(state.warnings, ['internal error: Maximum call stack size exceeded']);
      assert.deepEqual(Object.fromEntries(state.tasks.map(({ node, phase }) => [node.id, phase])), { done: 'success', other: 'cancellation', deep: 'cancellation', after: 'skip' });
      assert.equal(told.at(-1)?.type, 'run-ended');
    });
  }

  it('that keeps an end from being told', async (context) => {
    // What a value did that was nested deeper than the stack.
    const { stringify } = JSON;
    let hasBroken = false;
    context.mock.method(JSON, 'stringify', (value: unknown, ...rest: readonly never[]) => {
      const event = (value ?? {}) as Partial<RunEvent>;
      if (!hasBroken && event.type === 'task-ended' && 'task' in event && event.task === 'done') {
        hasBroken = true;
        throw new RangeError('Maximum call stack size exceeded');
      }
      return stringify(value, ...rest);
    });
    const { outcome, state } = await runWith(context, () => false);
    assert.deepEqual([outcome, state.outcome], ['error', 'error']);
    const [done] = state.tasks;
    assert.deepEqual([done?.phase, done?.failure], ['error', { type: 'internal', message: 'internal error: Maximum call stack size exceeded' }]);
    assert.deepEqual(state.tasks.filter(({ phase }) => phase === 'running' || phase === 'pending'), []);
  });
});
