/** What a task depends on without saying so: child processes, installed packages, and what an import would find now. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { globSync, mkdirSync, renameSync, rmSync } from 'node:fs';
import path from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { workspace, type Workspace } from './runweave.ts';

/** A workspace with a virtual environment, and what installs a package of one line into it. */
function withEnvironment(context: TestContext, files: Readonly<Record<string, string>>): Workspace & { readonly install: (name: string, version: string) => void; readonly environment: string } {
  const made = workspace(context, files);
  const environment = path.join(made.folder, '.venv');
  execFileSync('python3', ['-m', 'venv', '--without-pip', environment]);
  const site = globSync(path.join(environment, 'lib', '*', 'site-packages'))[0] ?? assert.fail('no site-packages');
  const install = (name: string, version: string): void => {
    for (const old of globSync([path.join(site, name), path.join(site, `${name}-*`)])) rmSync(old, { recursive: true });
    made.write(path.relative(made.folder, path.join(site, name, '__init__.py')), `VERSION = '${version}'\n`);
    made.write(path.relative(made.folder, path.join(site, `${name}-${version}.dist-info`, 'METADATA')), `Metadata-Version: 2.1\nName: ${name}\nVersion: ${version}\n`);
  };
  return { ...made, install, environment };
}

const childOfTask = `import subprocess, sys
subprocess.run([sys.executable, 'tasks/child.py'], check=True)
`;
const child = `import alpha, helper, json
with open('in.txt') as given, open('out/a.txt', 'w') as made:
    made.write(alpha.VERSION + given.read())
`;
const other = `try:
    import gamma
except ImportError:
    gamma = None
with open('out/b.txt', 'w') as made:
    made.write(str(gamma))
`;
const files = {
  'runweave.yaml': 'name: deps\ntasks:\n  a: {python: tasks/a.py, outputs: [out/a.txt]}\n  b: {python: tasks/b.py, outputs: [out/b.txt]}\n',
  'tasks/a.py': childOfTask,
  'tasks/child.py': child,
  'tasks/helper.py': '',
  'tasks/b.py': other,
  'in.txt': 'one',
};

describe('dependencies as they are', { timeout: 600_000 }, () => {
  it('of child processes, packages and imports, each with its reason', async (context) => {
    const { run, runweave, write, read, install, folder, environment } = withEnvironment(context, files);
    install('alpha', '1.0');
    install('beta', '1.0');
    assert.deepEqual((await run()).executed, ['a', 'b']);
    const plan = async (): Promise<string> => (await runweave('plan')).stdout;
    assert.match(await plan(), /2 up to date/);

    write('in.txt', 'two');
    assert.match(await plan(), /^▸ a\n {4}input in.txt \(read\) changed/);
    assert.deepEqual((await run()).executed, ['a']);
    assert.equal(read('out/a.txt'), '1.0two');

    install('beta', '2.0');
    assert.match(await plan(), /2 up to date/, 'nothing imports it');
    install('alpha', '1.1');
    assert.match(await plan(), /^▸ a\n {4}package alpha: 1\.0 → 1\.1\n1 to run, 1 up to date/);
    assert.deepEqual((await run()).executed, ['a']);
    assert.equal(read('out/a.txt'), '1.1two');

    install('gamma', '3.0');
    assert.match(await plan(), /^▸ b\n {4}package gamma: not installed → 3\.0\n/, 'it was looked for');
    assert.deepEqual((await run()).executed, ['b']);

    write('tasks/json.py', '');
    assert.match(await plan(), /^▸ a\n {4}source tasks\/json.py is new/);
    rmSync(path.join(folder, 'tasks/json.py'));
    mkdirSync(path.join(folder, 'tasks/helper'));
    assert.match(await plan(), /2 up to date/, 'a folder alone does not come before a module');
    write('tasks/helper/__init__.py', 'x = 1');
    assert.match(await plan(), /^▸ a\n {4}source tasks\/helper\/__init__.py is new/);
    assert.deepEqual((await run()).executed, ['a']);
    rmSync(path.join(folder, 'tasks/helper'), { recursive: true });
    assert.match(await plan(), /source tasks\/helper\/__init__.py is gone/);
    assert.deepEqual((await run()).executed, [], 'the result of before is restored');

    renameSync(environment, path.join(folder, '.elsewhere'));
    assert.match(await plan(), /▸ a\n {4}interpreter: .*\.venv\/bin\/python → /);
  });

  it('of files in declared folders and globs, and says which', async (context) => {
    const { run, runweave, write, folder } = withEnvironment(context, {
      'runweave.yaml': 'name: files\ntasks:\n  a: {shell: node a.mjs, inputs: ["data/*.csv", conf], outputs: [out]}\n',
      'a.mjs': "import { mkdirSync, writeFileSync } from 'node:fs';\nmkdirSync('out', { recursive: true });\nwriteFileSync('out/a.txt', 'a');\n",
      'data/one.csv': '1',
      'data/two.csv': '2',
      'conf/a.json': '{}',
    });
    assert.deepEqual((await run()).executed, ['a']);
    write('data/one.csv', 'one');
    write('data/three.csv', '3');
    rmSync(path.join(folder, 'data/two.csv'));
    write('conf/b.json', '{}');
    write('out/a.txt', 'b');
    const { stdout } = await runweave('plan');
    assert.match(stdout, /input data\/\*\.csv changed: data\/one\.csv changed, data\/three\.csv is new, data\/two\.csv is gone \(\w{8} → \w{8}\)\n/);
    assert.match(stdout, /input conf changed: conf\/b\.json is new \(/);
    assert.match(stdout, /output out was changed by something else: out\/a\.txt changed \(/);
  });

  it('of folders that a task lists: names that match what it looks for, without what tasks make', async (context) => {
    const { run, runweave, write, read, folder, start } = withEnvironment(context, {
      'runweave.yaml': 'name: lists\ntasks:\n  a: {python: a.py, outputs: [data/a.csv]}\n  b: {python: b.py, outputs: [out/b.txt]}\n',
      'a.py': "from pathlib import Path\nnames = sorted(path.name for path in Path('data').glob('*.csv'))\nPath('data/cache.csv').touch()\nPath('data/a.csv').write_text(','.join(names))\n",
      'b.py': "import subprocess, sys\nnames = subprocess.run([sys.executable, '-c', 'import os; print(sorted(os.listdir(\"data/sub\")))'], stdout=subprocess.PIPE, check=True, encoding='utf-8').stdout\nwith open('out/b.txt', 'w') as made:\n    made.write(names)\n",
      'data/one.csv': '1',
      'data/sub/x': '',
    });
    assert.deepEqual((await run()).executed, ['a', 'b']);
    const plan = async (): Promise<string> => (await runweave('plan')).stdout;
    assert.match(await plan(), /^2 up to date/, 'what it made is no change');
    write('data/notes.txt', '');
    write('data/sub/.x.swp', '');
    assert.match(await plan(), /^2 up to date/);
    write('data/two.csv', '2');
    assert.match(await plan(), /^▸ a\n {4}files in data\/ \(\*\.csv\) changed: two\.csv is new\n1 to run, 1 up to date/);
    assert.deepEqual((await run()).executed, ['a']);
    assert.equal(read('data/a.csv'), 'a.csv,cache.csv,one.csv,two.csv');
    write('data/sub/y', '');
    assert.match(await plan(), /^▸ b\n {4}files in data\/sub\/ changed: y is new\n/);
    assert.deepEqual((await run()).executed, ['b']);
    rmSync(path.join(folder, 'data/two.csv'));
    assert.match(await plan(), /files in data\/ \(\*\.csv\) changed: two\.csv is gone/);

    const watching = start('watch', '--json');
    await watching.until((line) => line.type === 'sealed');
    const from = watching.lines.length;
    write('data/three.csv', '3');
    const stale = await watching.until((line) => line.type === 'task-stale', from);
    assert.ok(stale.type === 'task-stale' && stale.task === 'a' && stale.reasons.some((reason) => reason.type === 'listing-changed' && reason.added?.join() === 'three.csv'), JSON.stringify(stale));
    watching.process.kill('SIGINT');
    await watching.ended;
  });

  it('an installation while watching counts at the next decision, and so does another environment', async (context) => {
    const { start, write, install, environment } = withEnvironment(context, files);
    install('alpha', '1.0');
    const watching = start('watch', '--json');
    await watching.until((line) => line.type === 'sealed');
    let from = watching.lines.length;
    install('alpha', '2.0');
    write('in.txt', 'two');
    const stale = await watching.until((line) => line.type === 'task-stale', from);
    assert.ok(stale.type === 'task-stale' && stale.reasons.some((reason) => reason.type === 'package-changed' && reason.name === 'alpha' && reason.to === '2.0'), JSON.stringify(stale));
    await watching.until((line) => line.type === 'sealed', from);
    from = watching.lines.length;
    rmSync(environment, { recursive: true });
    write('in.txt', 'three');
    const next = await watching.until((line) => line.type === 'task-stale' && line.task === 'b', from);
    assert.ok(next.type === 'task-stale' && next.reasons.some((reason) => reason.type === 'interpreter-changed'), JSON.stringify(next));
    watching.process.kill('SIGINT');
    await watching.ended;
  });
});
