/** What the page of a run shares with the command line: `restore`, and the search over spans. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, it } from 'node:test';
import { workspace, type Workspace } from './runweave.ts';

const pipelineFile = `params:
  word: usual # of the greeting
  home: "\${env.HOME}"
tasks:
  greet: {python: greet.py, params: {word: "\${params.word}"}, outputs: [greeting.txt]}
`;
const files = { 'runweave.yaml': pipelineFile, 'greet.py': 'import os, words\nopen("greeting.txt", "w").write(words.greeting + os.environ["RUNWEAVE_PARAM_WORD"])\n', 'words.py': 'greeting = "hello "\n', '.gitignore': '.runweave/\n__pycache__/\n' };

interface Told {
  readonly sources?: { readonly folder: string; readonly commit?: string; readonly written: readonly string[]; readonly notes: readonly string[] };
  readonly params?: { readonly changed: readonly { readonly name: string; readonly from?: unknown; readonly to: unknown }[]; readonly masked: readonly string[] };
}

async function restore(place: Workspace, ...args: readonly string[]): Promise<Told> {
  const { code, stdout, stderr } = await place.runweave('restore', ...args, '--json');
  assert.equal(code, 0, stderr);
  return JSON.parse(stdout) as Told;
}

describe('restore', () => {
  it('writes the parameters of a run into the pipeline file, and the next run has nothing to do', async (context) => {
    const place = workspace(context, files);
    assert.equal((await place.run('--set', 'word=special')).code, 0);
    assert.deepEqual((await restore(place, 'latest', '--params', '--dry-run')).params?.changed, [{ name: 'word', from: 'usual', to: 'special' }]);
    assert.equal(place.read('runweave.yaml'), pipelineFile);
    assert.deepEqual((await restore(place, 'latest', '--params')).params?.changed, [{ name: 'word', from: 'usual', to: 'special' }]);
    assert.equal(place.read('runweave.yaml'), pipelineFile.replace('usual', 'special'));
    assert.deepEqual((await place.run()).executed, []);
    assert.deepEqual((await restore(place, 'latest', '--params')).params?.changed, []);
  });

  it('puts the code of a run into a worktree, where it runs with the parameters of the run', async (context) => {
    const place = workspace(context, files);
    const git = (...args: readonly string[]): string => execFileSync('git', ['-c', 'user.name=x', '-c', 'user.email=x@example.org', ...args], { cwd: place.folder, encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] });
    git('init', '--quiet');
    git('add', '.');
    git('commit', '--quiet', '-m', 'one');
    place.write('words.py', 'greeting = "good day "\n');
    assert.equal((await place.run('--set', 'word=special')).code, 0);
    const greeting = place.read('greeting.txt');
    place.write('words.py', 'greeting = "later "\n');
    git('commit', '--quiet', '-am', 'later');

    const target = path.join(place.folder, '.runweave', 'as it was');
    const { sources, params } = await restore(place, 'latest', '--sources', target, '--params');
    assert.deepEqual([sources?.folder, sources?.commit, sources?.written, params?.changed.length], [target, git('rev-parse', 'HEAD~').trim(), [], 1]);
    assert.equal(readFileSync(path.join(target, 'words.py'), 'utf8'), 'greeting = "good day "\n');
    assert.equal((await place.run('--file', path.join(target, 'runweave.yaml'))).code, 0);
    assert.equal(readFileSync(path.join(target, 'greeting.txt'), 'utf8'), greeting);
    assert.equal(place.read('words.py'), 'greeting = "later "\n');
  });

  it('puts what was kept into a folder, outside of git', async (context) => {
    const place = workspace(context, files);
    assert.equal((await place.run()).code, 0);
    place.write('words.py', 'greeting = "later "\n');
    const { sources } = await restore(place, 'latest', '--sources', 'copy');
    assert.deepEqual(sources?.written, ['runweave.yaml', 'greet.py', 'words.py']);
    assert.equal(place.read('copy/words.py'), files['words.py']);
  });

  it('says what is wrong, and writes nothing then', async (context) => {
    const place = workspace(context, files);
    assert.equal((await place.run()).code, 0);
    const refusal = async (...args: readonly string[]): Promise<string> => {
      const { code, stderr } = await place.runweave('restore', ...args);
      assert.equal(code, 2);
      return stderr;
    };
    assert.match(await refusal('latest'), /say what to restore: --params, --sources DIR/);
    assert.match(await refusal('latest', '--sources', '.'), /is not empty; name a folder that is not there yet/);
    assert.match(await refusal('nothing-like-it', '--params'), /no run nothing-like-it/);
    place.write('runweave.yaml', 'params: [\n');
    assert.match(await refusal('latest', '--params'), /has mistakes/);
    assert.equal(existsSync(path.join(place.folder, 'copy')), false);
  });
});

describe('gantt --search', () => {
  it('finds spans by name and attribute', async (context) => {
    const place = workspace(context, files);
    assert.equal((await place.run()).code, 0);
    const { stdout } = await place.runweave('gantt', 'latest', '--search', 'exit_code=0', '--json');
    const found = JSON.parse(stdout) as { readonly total: number; readonly spans: readonly { readonly type: string; readonly task: string }[] };
    assert.deepEqual([found.total, found.spans[0]?.type, found.spans[0]?.task], [1, 'attempt', 'greet']);
    assert.match((await place.runweave('gantt', 'latest', '--search', 'source=greet.py')).stdout, /1 span found\n.*greet.*source=greet\.py/);
    assert.match((await place.runweave('gantt', 'latest', '--search', 'nothing')).stdout, /0 spans found/);
  });
});
