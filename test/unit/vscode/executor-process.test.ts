import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, it } from 'node:test';
import type { SessionCommand, SessionMessage } from '../../../src/protocol/session.ts';
import { systemTimers } from '../../../src/vscode/coalesce.ts';
import { executorProcess } from '../../../src/vscode/executor-process.ts';
import type { ExecutorDeath, ExecutorProcess } from '../../../src/vscode/executor-process.ts';
import { withoutFiles } from '../execution/processes.ts';

/** Answers every command with a `problem` that holds it as JSON; dies when told to cancel, and ends when told to close. */
const echo = `
process.on('message', (command) => {
  process.send({ type: 'problem', code: 'internal', message: JSON.stringify(command) });
  if (command.type === 'cancel') process.kill(process.pid, 'SIGKILL');
  if (command.type === 'close') process.exit(0);
});`;

interface Seen {
  readonly executor: ExecutorProcess;
  /** Resolves with the next thing of this kind. */
  readonly next: (kind: 'message' | 'death' | 'restart') => Promise<unknown>;
}

const cleanups: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).toReversed()) await cleanup();
});

async function start(script: string): Promise<Seen> {
  const folder = await mkdtemp(join(tmpdir(), 'executor-'));
  cleanups.push(() => rm(folder, { recursive: true, force: true }));
  const module = join(folder, 'executor.cjs');
  await writeFile(module, script);
  const queues = { message: [] as unknown[], death: [] as unknown[], restart: [] as unknown[] };
  const waiting = { message: [] as ((value: unknown) => void)[], death: [] as ((value: unknown) => void)[], restart: [] as ((value: unknown) => void)[] };
  const add = (kind: keyof typeof queues, value: unknown): void => {
    const taker = waiting[kind].shift();
    if (taker === undefined) queues[kind].push(value);
    else taker(value);
  };
  const executor = executorProcess({
    module,
    options: () => Promise.resolve({ file: '/p/runweave.yaml' }),
    onMessage: (message: SessionMessage) => add('message', message.type === 'problem' ? (JSON.parse(message.message) as SessionCommand) : message),
    onDied: (death: ExecutorDeath) => add('death', death),
    onRestarted: () => add('restart', true),
    onOutput: () => undefined,
    // Pauses pass at once; restart-policy.test.ts has their lengths.
    timers: { ...systemTimers, after: (_, call) => systemTimers.after(0, call) },
  });
  cleanups.push(() => executor.stop());
  return {
    executor,
    next: (kind) => (queues[kind].length > 0 ? Promise.resolve(queues[kind].shift()) : new Promise((resolve) => waiting[kind].push(resolve))),
  };
}

const open = { type: 'open', options: { file: '/p/runweave.yaml' } };

describe('executorProcess', () => {
  it('starts no process until something is asked, and opens the pipeline first', async () => {
    const { executor, next } = await start(echo);
    assert.equal(executor.isStarted(), false);
    executor.send({ type: 'plan', tasks: [] });
    executor.send({ type: 'watch', on: true, tasks: [] });
    assert.deepEqual([await next('message'), await next('message'), await next('message')], [open, { type: 'plan', tasks: [] }, { type: 'watch', on: true, tasks: [] }]);
  });

  it('says how the process died, starts it again and opens the pipeline again', async () => {
    const { executor, next } = await start(echo);
    executor.send({ type: 'cancel' });
    const first = executor.pid();
    assert.deepEqual(await next('death'), { cause: 'signal SIGKILL', restarts: true });
    await next('restart');
    assert.notEqual(executor.pid(), first);
    const messages = [await next('message'), await next('message'), await next('message')];
    assert.deepEqual(messages, [open, { type: 'cancel' }, open]);
  });

  it('gives up on a process that dies at its start again and again, until it is asked for anew', async () => {
    const { executor, next } = await start(`process.exit(7)`);
    executor.send({ type: 'plan', tasks: [] });
    const deaths = [await next('death'), await next('death'), await next('death'), await next('death')] as readonly ExecutorDeath[];
    assert.deepEqual(deaths.map((death) => death.restarts), [true, true, true, false]);
    assert.ok(deaths.every((death) => death.cause === 'exit code 7'));
    assert.equal(executor.isStarted(), false);
    await executor.stop();
    executor.send({ type: 'plan', tasks: [] });
    assert.equal(((await next('death')) as ExecutorDeath).restarts, true);
  });

  it('does not call an end that was asked for a death', async () => {
    const { executor, next } = await start(echo);
    executor.send({ type: 'plan', tasks: [] });
    await next('message');
    await executor.stop();
    assert.equal(executor.pid(), undefined);
    executor.send({ type: 'plan', tasks: [] });
    assert.deepEqual([await next('message'), await next('message')], [{ type: 'plan', tasks: [] }, { type: 'close' }]);
    assert.deepEqual(await next('message'), open);
  });
});

it('an executor that can not be started has died', { skip: process.platform === 'win32' }, () => {
  const script = `
    const executor = executorProcess({
      module: '/nowhere.cjs',
      options: () => Promise.resolve({ file: '/p/runweave.yaml' }),
      onOutput: () => undefined,
      onDied: ({ cause, restarts }) => console.log(cause, restarts),
      timers: { after: () => () => undefined },
    });
    executor.send({ type: 'plan', tasks: [] });
    await new Promise(setImmediate);
    await executor.stop();`;
  assert.match(withoutFiles({ 'vscode/executor-process.ts': 'executorProcess' }, script), /^spawn \S+ EMFILE true\n$/);
});
