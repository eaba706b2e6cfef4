import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import path from 'node:path';
import { describe, it } from 'node:test';
import { commandOf, needsInterpreter } from '../../../../src/execution/task/command.ts';
import { taskOf } from '../../sketch.ts';

const context = { folder: '/p', pythonPath: '/helper', interpreter: '/venv/bin/python' };
const helper = path.join('/helper', 'runweave_task.py');

describe('the command of a task', () => {
  it('is the helper with the source for Python kinds', () => {
    assert.deepEqual(commandOf(taskOf({ source: { kind: 'python', script: 'tasks/a.py' } }), context), ['/venv/bin/python', helper, 'script', path.join('/p', 'tasks/a.py')]);
    assert.deepEqual(commandOf(taskOf({ source: { kind: 'notebook', notebook: 'n.ipynb' } }), context), ['/venv/bin/python', helper, 'notebook', path.join('/p', 'n.ipynb')]);
    assert.deepEqual(commandOf(taskOf({ source: { kind: 'call', module: 'a.b', function: 'f' } }), context), ['/venv/bin/python', helper, 'call', 'a.b:f', context.folder]);
  });

  it('is the shell with the command as it is, and stops at the first line that fails', () => {
    const command = commandOf(taskOf({ source: { kind: 'shell', command: 'printf "%s" "a  b" \'c\'\nfalse || true\n' } }), context);
    const [program = '', ...args] = command;
    assert.equal(execFileSync(program, args, { encoding: 'utf8' }), 'a  bc');
    const [shell = '', ...failing] = commandOf(taskOf({ source: { kind: 'shell', command: 'false\necho too far' } }), context);
    assert.throws(() => execFileSync(shell, failing, { stdio: 'ignore' }), { status: 1 });
  });

  it('is quoted for cmd.exe, which takes off the outer quotes', (t) => {
    t.mock.property(process, 'platform', 'win32');
    const command = commandOf(taskOf({ source: { kind: 'shell', command: '"C:\\my tool\\x.exe" "a b"' } }), context);
    assert.deepEqual(command.slice(1), ['/d', '/s', '/c', '""C:\\my tool\\x.exe" "a b""']);
  });

  it('needs an interpreter except in the shell', () => {
    assert.equal(needsInterpreter(taskOf()), false);
    const script = taskOf({ source: { kind: 'python', script: 'a.py' } });
    assert.equal(needsInterpreter(script), true);
    assert.throws(() => commandOf(script, { ...context, interpreter: undefined }), /no interpreter for task/);
  });
});
