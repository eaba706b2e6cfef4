import assert from 'node:assert/strict';
import { it } from 'node:test';
import { workspace, type JsonLine } from './runweave.ts';

const isIdle = (line: JsonLine): boolean => line.type === 'sealed';

/** Says from what kind of process it was started, and what was there before it imported anything. */
const script = `
import os, sys, runweave
before = "decimal" in sys.modules
import decimal
parent = open(f"/proc/{os.getppid()}/cmdline").read().split("\\0") if sys.platform == "linux" else []
runweave.log_metric("warm", 1)
# As one text: unbuffered, each argument of print is a write of its own.
print(f"START {'forked' if 'warm' in parent else 'fresh'} {before} {os.environ['RUNWEAVE_TASK']} {__name__}", flush=True)
`;

it('forks tasks while watching, once what they import is loaded', { skip: process.platform !== 'linux' && 'only Linux forks tasks' }, async (context) => {
  const place = workspace(context, {
    'runweave.yaml': 'name: warm\ntasks:\n  a: {python: a.py}\n  b: {call: "b:main"}\n  off: {python: off.py, env: {RUNWEAVE_WARM: "off"}}\n',
    'a.py': script,
    'off.py': script,
    'b.py': `def main():\n${script.replaceAll('\n', '\n    ')}\n    return {"parent": os.getppid()}\n`,
  });
  const running = place.start('watch', '--json');
  await running.until(isIdle);
  /** Task → how it was started in the run after a change. */
  const afterChange = async (number: number): Promise<ReadonlyMap<string, string>> => {
    const from = running.lines.length;
    const found = new Map<string, string>();
    for (const task of ['a', 'b', 'off']) place.write(`${task}.py`, `${place.read(`${task}.py`)}\nX = ${number}\n`);
    for (const task of ['a', 'b', 'off']) {
      const line = await running.until((each) => each.type === 'output' && each.task === task && each.text.includes('START'), from);
      const [, how = '', name] = /START (\w+) False (\w+) \w+/.exec(line.type === 'output' ? line.text : '') ?? [];
      assert.equal(name, task);
      found.set(task, how);
      await running.until((each) => each.type === 'metric' && each.task === task, from);
    }
    return found;
  };
  let number = 0;
  let found: ReadonlyMap<string, string>;
  do found = await afterChange((number += 1));
  while (found.get('a') !== 'forked' || found.get('b') !== 'forked');
  assert.equal(found.get('off'), 'fresh');
  // A change while it runs ends it, and it runs anew.
  const from = running.lines.length;
  place.write('a.py', `${script}\nimport signal\nsignal.pause()\n`);
  const first = await running.until((line) => line.type === 'attempt-started' && line.task === 'a', from);
  await running.until((line) => line.type === 'output' && line.task === 'a' && line.text.includes('START forked'), from);
  place.write('a.py', `${script}\nX = "again"\n`);
  const ended = await running.until((line) => line.type === 'attempt-ended' && line.task === 'a', from);
  assert.ok(first.type === 'attempt-started' && ended.type === 'attempt-ended');
  assert.deepEqual([ended.attempt, ended.outcome], [first.attempt, 'cancellation']);
  await running.until((line) => line.type === 'attempt-ended' && line.task === 'a' && line.outcome === 'success', from);
  await running.until(isIdle, from);
  running.process.kill('SIGINT');
  assert.equal((await running.ended).code, 130);
});
