/** Runs with parameters of their own in a session that stays open, as the editor's does. */
import assert from 'node:assert/strict';
import { rmSync } from 'node:fs';
import path from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import type { RunId } from '../../src/model/run-event.ts';
import type { Problem } from '../../src/app/preparation.ts';
import { openSession, type Session } from '../../src/app/session.ts';
import type { RunResult, SessionMessage } from '../../src/protocol/session.ts';
import { workspace, type Workspace } from './runweave.ts';

const file = `
params: {word: usual}
tasks:
  say: {shell: 'echo "$RUNWEAVE_PARAM_WORD" > said.txt', params: {word: "\${params.word}"}, outputs: [said.txt]}
`;

async function open(context: TestContext): Promise<{ readonly place: Workspace; readonly session: Session; readonly messages: readonly SessionMessage[] }> {
  const place = workspace(context, { 'runweave.yaml': file });
  const messages: SessionMessage[] = [];
  const session = await openSession({ file: path.join(place.folder, 'runweave.yaml') }, (message) => messages.push(message));
  context.after(() => session.close());
  return { place, session, messages };
}

function outcomeOf(result: RunResult | Problem): string {
  return 'code' in result ? `${result.code}: ${result.message}` : result.outcome;
}

describe('the parameters of one run', () => {
  it('are of that run only', async (context) => {
    const { place, session, messages } = await open(context);
    assert.equal(outcomeOf(await session.run({ tasks: [], force: false, params: { word: 'special' } })), 'success');
    assert.equal(place.read('said.txt'), 'special\n');
    const started = messages.flatMap((message) => (message.type === 'event' && message.event.type === 'run-started' ? [message.event.params] : []));
    assert.deepEqual(started, [{ word: 'special' }]);
    assert.equal(outcomeOf(await session.run({ tasks: [], force: false })), 'success');
    assert.equal(place.read('said.txt'), 'usual\n');
  });

  it('may not fit the file any more', async (context) => {
    const { place, session } = await open(context);
    place.write('runweave.yaml', file.replaceAll('word', 'text').replaceAll('WORD', 'TEXT'));
    assert.match(outcomeOf(await session.run({ tasks: [], force: false, params: { word: 'special' } })), /^bad-pipeline: runweave\.yaml does not take the parameters of that run any more: .*word/);
    const again = { tasks: [], force: false, params: { word: 'special' }, paramsOf: 'run-1' as RunId };
    assert.match(outcomeOf(await session.run(again)), /^bad-pipeline: run-1 had a parameter that runweave\.yaml does not have any more: word\. Give it back/);
  });

  it('are refused while the file is watched, unless they are those of the file', async (context) => {
    const { place, session, messages } = await open(context);
    const watch = await session.watch([]);
    assert.ok('close' in watch);
    assert.match(outcomeOf(await session.run({ tasks: [], force: false, params: { word: 'special' } })), /^locked: that run had other parameters .* Switch watch off first\.$/);
    assert.equal(outcomeOf(await session.run({ tasks: [], force: false, params: { word: 'usual' } })), 'success');
    assert.equal(place.read('said.txt'), 'usual\n');
    await watch.close();
    assert.equal(outcomeOf(await session.run({ tasks: [], force: false, params: { word: 'special' } })), 'success');
    assert.ok(messages.every((message) => message.type !== 'problem'));
  });
});

describe('the order of keys', () => {
  it('in a map counts, as a task sees it; that of the parameters does not', async (context) => {
    const ordered = (rename: string, rest = '') => `
tasks:
  give: {python: give.py}
  keys: {python: keys.py, params: {${rest}rename: ${rename}, given: "\${tasks.give.returns.map}"}, outputs: [keys.txt]}
`;
    const place = workspace(context, {
      'runweave.yaml': ordered('{b: B, a: {y: 1, x: 2}}', 'zero: 0, '),
      'give.py': "import runweave\nrunweave.returns(map={'d': 1, 'c': 2})\n",
      'keys.py': "import runweave\np = runweave.params\nopen('keys.txt', 'w').write(' '.join([*p, *p['rename'], *p['rename']['a'], *p['given']]))\n",
    });
    assert.deepEqual((await place.run()).executed, ['give', 'keys']);
    assert.equal(place.read('keys.txt'), 'given rename zero b a y x d c');
    rmSync(path.join(place.folder, '.runweave', 'cache'), { recursive: true });
    assert.deepEqual((await place.run()).executed, []);
    place.write('runweave.yaml', ordered('{b: B, a: {y: 1, x: 2}}, zero: 0'));
    assert.deepEqual((await place.run()).executed, []);
    place.write('runweave.yaml', ordered('{a: {x: 2, y: 1}, b: B}, zero: 0'));
    assert.deepEqual((await place.run()).executed, ['keys']);
    assert.equal(place.read('keys.txt'), 'given rename zero a b x y d c');
    place.write('give.py', place.read('give.py').replace("{'d': 1, 'c': 2}", "{'c': 2, 'd': 1}"));
    assert.deepEqual((await place.run()).executed, ['give', 'keys']);
    assert.equal(place.read('keys.txt'), 'given rename zero a b x y c d');
  });
});
