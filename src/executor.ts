/**
 * The executor's own process, forked by the extension so that the editor never waits. Speaks `protocol/session.ts`
 * over the process's IPC channel, and ends when the editor is gone.
 */
import { displayFeed } from './app/display-feed.ts';
import { openSession, type Session } from './app/session.ts';
import type { ExecutorMessage, SessionCommand } from './protocol/session.ts';

let session: Promise<Session> | undefined;
let closeWatch: (() => Promise<void>) | undefined;

const send = displayFeed((message: ExecutorMessage, done) => {
  if (!process.connected || process.send === undefined) done();
  else process.send(message, () => done());
});

function reportInternal(error: unknown): void {
  send({ type: 'problem', code: 'internal', message: error instanceof Error ? error.message : String(error) });
  process.stderr.write(`${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`);
}

async function handle(command: SessionCommand): Promise<void> {
  if (command.type === 'open') {
    const opening = (session ??= openSession(command.options, send));
    try {
      await opening;
    } catch (error) {
      // It may be asked for again.
      session = undefined;
      throw error;
    }
    return;
  }
  const open = await session;
  if (open === undefined) return;
  switch (command.type) {
    case 'run': {
      const result = await open.run(command.options);
      if ('code' in result) send(result);
      else await open.plan([]);
      return;
    }
    case 'watch': {
      await closeWatch?.();
      closeWatch = undefined;
      if (!command.on) return;
      const watch = await open.watch(command.tasks);
      if ('code' in watch) send(watch);
      else closeWatch = watch.close;
      return;
    }
    case 'plan': {
      const entries = await open.plan(command.tasks);
      if ('code' in entries) send(entries);
      return;
    }
    case 'cancel':
      open.cancel(command.task);
      return;
    case 'close':
      await shutDown();
      return;
    default:
      command satisfies never;
  }
}

async function shutDown(): Promise<void> {
  try {
    await (await session)?.close();
  } finally {
    process.exit(0);
  }
}

process.on('message', (command: SessionCommand) => void handle(command).catch(reportInternal));
// The editor is gone: what runs is cancelled and sealed.
process.on('disconnect', () => void shutDown());
for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, () => void shutDown());
