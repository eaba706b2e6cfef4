import assert from 'node:assert/strict';
import { appendFile, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { it } from 'node:test';
import type { RunEvent } from '../../../src/model/run-event.ts';
import { fromMilliseconds } from '../../../src/model/time.ts';
import { followLog } from '../../../src/vscode/live-log.ts';

const line = (message: string): string => `${JSON.stringify({ type: 'warning', time: fromMilliseconds(0), message } satisfies RunEvent)}\n`;

it('reads what is there, what is appended, a line that comes in pieces, and that the file is gone', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'live-log-'));
  const path = join(folder, 'log.jsonl');
  const seen: string[] = [];
  let wake = (): void => undefined;
  const until = async (done: () => boolean): Promise<void> => {
    while (!done()) await new Promise<void>((resolve) => (wake = resolve));
  };
  let ended = false;
  await writeFile(path, line('one') + line('zwei → ü').slice(0, -12));
  const log = followLog(path, {
    onEvents: (events) => {
      seen.push(...events.map((event) => (event.type === 'warning' ? event.message : event.type)));
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
    await rm(path);
    await until(() => ended);
  } finally {
    log.dispose();
    await rm(folder, { recursive: true });
  }
});
