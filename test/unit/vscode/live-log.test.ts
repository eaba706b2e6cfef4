import assert from 'node:assert/strict';
import { appendFile, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { it } from 'node:test';
import type { RunEvent } from '../../../src/model/run-event.ts';
import { fromMilliseconds } from '../../../src/model/time.ts';
import { describeWriter } from '../../../src/recording/writer.ts';
import { followLog } from '../../../src/vscode/live-log.ts';

const line = (message: string): string => `${JSON.stringify({ type: 'warning', time: fromMilliseconds(0), message } satisfies RunEvent)}\n`;

it('reads what is there, what is appended, a line that comes in pieces, that its writer has died, and that the file is gone', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'live-log-'));
  const path = join(folder, 'log.jsonl');
  const seen: string[] = [];
  let wake = (): void => undefined;
  const until = async (done: () => boolean): Promise<void> => {
    while (!done()) await new Promise<void>((resolve) => (wake = resolve));
  };
  let ended = false;
  let cutOff = 0;
  const writer = (change: object): string => `${JSON.stringify({ ...describeWriter(), ...change })}\n`;
  await writeFile(path, writer({}) + line('one') + line('zwei → ü').slice(0, -12));
  const log = followLog(path, {
    onEvents: (events) => {
      seen.push(...events.map((event) => (event.type === 'warning' ? event.message : event.type)));
      wake();
    },
    onCutOff: () => {
      cutOff += 1;
      wake();
    },
    onEnd: () => {
      ended = true;
      wake();
    },
  });
  try {
    await until(() => seen.length === 1);
    await appendFile(path, line('zwei → ü').slice(-12));
    await until(() => seen.length === 2);
    await appendFile(path, line('three') + line('four'));
    await until(() => seen.length === 4);
    assert.deepEqual(seen, ['one', 'zwei → ü', 'three', 'four']);
    assert.equal(cutOff, 0);
    // As long as the line before, so that what follows is where it was.
    await writeFile(path, writer({ pid: 0, startTime: '' }).trim().padEnd(writer({}).length - 1), { flag: 'r+' });
    await until(() => cutOff === 1);
    await appendFile(path, line('five'));
    await until(() => seen.length === 5);
    await rm(path);
    await until(() => ended);
    assert.equal(cutOff, 1);
  } finally {
    log.dispose();
    await rm(folder, { recursive: true });
  }
});
