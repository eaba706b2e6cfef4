import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { appendFileSync, mkdirSync, rmdirSync, symlinkSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { it } from 'node:test';
import { followLog, lineLimit, type FollowedLog } from '../../../src/execution/follow-log.ts';
import { temporaryFolder } from '../recording/temporary-folder.ts';

function follow(file: string, lines: string[], problems: string[] = []): FollowedLog {
  return followLog(file, { onLine: (line) => lines.push(line), onLongLine: (beginning, length) => lines.push(`${beginning} of ${length}`), onProblem: (problem) => problems.push(problem) });
}

it('hands on every line once, also one in several reads and the last without its end', async (context) => {
  const file = path.join(temporaryFolder(context), 'log');
  writeFileSync(file, '');
  const lines: string[] = [];
  const log = follow(file, lines);
  const long = 'ü'.repeat(100_000);
  appendFileSync(file, `one\n\n${long}\ntwo\nlast`);
  await log.close();
  assert.deepEqual(lines, ['one', '', long, 'two', 'last']);
});

it('does not hold a line that never ends, and tells its length', async (context) => {
  const file = path.join(temporaryFolder(context), 'log');
  writeFileSync(file, '');
  const lines: string[] = [];
  const log = follow(file, lines);
  appendFileSync(file, Buffer.alloc(80 * 1024 * 1024 + 100, 'x'));
  appendFileSync(file, '\nafter\n');
  appendFileSync(file, Buffer.alloc(lineLimit + 1, 'y'));
  await log.close();
  assert.deepEqual(lines, [`${'x'.repeat(200)} of ${80 * 1024 * 1024 + 100}`, 'after', `${'y'.repeat(200)} of ${lineLimit + 1}`]);
});

it('hands on a line that is as long as one may be', async (context) => {
  const file = path.join(temporaryFolder(context), 'log');
  const lines: string[] = [];
  const log = follow(file, lines);
  appendFileSync(file, Buffer.alloc(lineLimit, 'x'));
  appendFileSync(file, '\n');
  await log.close();
  assert.deepEqual(lines.map((line) => line.length), [lineLimit]);
});

const odd: readonly (readonly [string, (file: string) => void, RegExp])[] = [
  ['a folder', (file) => mkdirSync(file), / is a folder$/],
  ['a named pipe', (file) => execFileSync('mkfifo', [file]), / is no file$/],
  ['a device', (file) => symlinkSync('/dev/zero', file), / is no file$/],
];
for (const [name, make, message] of odd) {
  it(`says once that nothing can be read from ${name}, and goes on`, { timeout: 120_000 }, async (context) => {
    const file = path.join(temporaryFolder(context), 'log');
    const problems: string[] = [];
    const lines: string[] = [];
    make(file);
    context.mock.timers.enable({ apis: ['setInterval'] });
    const log = follow(file, lines, problems);
    context.mock.timers.tick(10);
    await log.close();
    assert.deepEqual(lines, []);
    assert.equal(problems.length, 1);
    assert.match(problems[0] ?? '', message);
  });
}

it('takes in what is there once it can be read', async (context) => {
  const file = path.join(temporaryFolder(context), 'log');
  const problems: string[] = [];
  const lines: string[] = [];
  mkdirSync(file);
  context.mock.timers.enable({ apis: ['setInterval'] });
  const log = follow(file, lines, problems);
  context.mock.timers.tick(10);
  rmdirSync(file);
  writeFileSync(file, 'line\n');
  await log.close();
  assert.deepEqual([lines, problems], [['line'], []]);
});
