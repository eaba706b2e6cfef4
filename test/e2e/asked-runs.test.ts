/** What a session is asked for all at once, as an editor does. */
import assert from 'node:assert/strict';
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, it } from 'node:test';
import { openSession, type Session } from '../../src/app/session.ts';
import type { SessionCommand, SessionMessage } from '../../src/protocol/session.ts';
import { workspace } from './runweave.ts';

const files = { 'runweave.yaml': 'tasks: {a: {shell: "sleep 0.2; echo > out.txt", outputs: [out.txt]}}' };

async function open(folder: string, listener: (message: SessionMessage) => void = () => undefined): Promise<Session> {
  return openSession({ file: path.join(folder, 'runweave.yaml') }, listener);
}

describe('a session', () => {
  it('cancels a run that was asked for just before', async (context) => {
    const { folder } = workspace(context, files);
    const session = await open(folder);
    const run = session.run({ tasks: [], force: false });
    session.cancel();
    const result = await run;
    assert.equal('outcome' in result && result.outcome, 'cancellation');
    assert.equal(existsSync(path.join(folder, 'out.txt')), false);
    const again = await session.run({ tasks: [], force: false });
    assert.equal('outcome' in again && again.outcome, 'success');
    await session.close();
  });

  it('is closed when a run that was asked for just before is over', async (context) => {
    const { folder } = workspace(context, files);
    const session = await open(folder);
    let isOver = false;
    void session.run({ tasks: [], force: false }).then(() => (isOver = true));
    await session.close();
    // Who asked for the run hears of it a turn later.
    await new Promise(setImmediate);
    assert.equal(isOver, true);
  });

  it('tells of another pipeline file once, whoever asks first', async (context) => {
    const { folder } = workspace(context, files);
    const first = await open(folder);
    await first.run({ tasks: [], force: false });
    await first.close();
    const told: SessionMessage[] = [];
    const session = await open(folder, (message) => told.push(message));
    writeFileSync(path.join(folder, 'runweave.yaml'), 'tasks: {b: {shell: "true"}}');
    await Promise.all([session.plan([]), session.plan([]), session.run({ tasks: [], force: false })]);
    const graphs = told.flatMap((message) => (message.type === 'graph' ? [message.graph.tasks.map(({ id }) => id as string)] : []));
    assert.deepEqual(graphs, [['a'], ['b']]);
    await session.close();
  });
});

describe("the executor's process", () => {
  it('opens a pipeline after it could not open one, and ends when it is closed', async (context) => {
    const { folder } = workspace(context, files);
    const child = fork(path.resolve(import.meta.dirname, '../../src/executor.ts'), { stdio: ['ignore', 'ignore', 'ignore', 'ipc'] });
    context.after(() => child.kill('SIGKILL'));
    const ask = (command: SessionCommand): boolean => child.send(command);
    const next = async (): Promise<SessionMessage> => ((await once(child, 'message')) as [SessionMessage])[0];
    ask({ type: 'open', options: { file: 5 as unknown as string } });
    assert.deepEqual((await next()).type, 'problem');
    ask({ type: 'open', options: { file: path.join(folder, 'runweave.yaml') } });
    assert.deepEqual((await next()).type, 'graph');
    ask({ type: 'close' });
    assert.deepEqual(await once(child, 'exit'), [0, null]);
  });
});
