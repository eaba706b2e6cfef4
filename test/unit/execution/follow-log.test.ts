import assert from 'node:assert/strict';
import { appendFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { it } from 'node:test';
import { followLog } from '../../../src/execution/follow-log.ts';
import { temporaryFolder } from '../recording/temporary-folder.ts';

it('hands on every line once, also one in several reads and the last without its end', async (context) => {
  const file = path.join(temporaryFolder(context), 'log');
  writeFileSync(file, '');
  const lines: string[] = [];
  const log = followLog(file, (line) => lines.push(line));
  const long = 'ü'.repeat(100_000);
  appendFileSync(file, `one\n\n${long}\ntwo\nlast`);
  await log.close();
  assert.deepEqual(lines, ['one', '', long, 'two', 'last']);
});

it('does not hold a line that never ends', async (context) => {
  const file = path.join(temporaryFolder(context), 'log');
  writeFileSync(file, '');
  const lines: string[] = [];
  const log = followLog(file, (line) => lines.push(line));
  appendFileSync(file, Buffer.alloc(80 * 1024 * 1024 + 100, 'x'));
  appendFileSync(file, '\nafter\n');
  await log.close();
  assert.deepEqual(lines, ['x'.repeat(200), 'after']);
});
