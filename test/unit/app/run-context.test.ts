import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { hostname, tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { resourceAttributes } from '../../../src/app/run-context.ts';
import type { JsonObject } from '../../../src/model/json.ts';

let folder = '';
beforeEach(() => {
  folder = realpathSync(mkdtempSync(path.join(tmpdir(), 'runweave-context-')));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

function git(...args: readonly string[]): string {
  return execFileSync('git', ['-c', 'user.name=x', '-c', 'user.email=x@example.org', '-c', 'init.defaultBranch=main', ...args], { cwd: folder, encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }).trim();
}

function commit(): string {
  writeFileSync(path.join(folder, 'a.py'), '1');
  git('add', '.');
  git('commit', '--quiet', '-m', 'one');
  return git('rev-parse', 'HEAD');
}

const context = { folder: '', pipelineName: 'digits', runId: 'run-1', interpreter: undefined, version: '1.2.3', environment: {}, env: [] };

async function ofGit(at = folder): Promise<JsonObject> {
  const all = await resourceAttributes({ ...context, folder: at });
  return Object.fromEntries(Object.entries(all).filter(([name]) => name.includes('vcs')));
}

describe('resource attributes', () => {
  it('say what ran, where and with which interpreter', async () => {
    const attributes = await resourceAttributes({ ...context, folder, interpreter: { path: '/bin/python3', version: 'CPython 3.12.1', origin: '.venv' } });
    assert.equal(attributes['service.name'], 'runweave');
    assert.equal(attributes['service.version'], '1.2.3');
    assert.equal(attributes['cicd.pipeline.name'], 'digits');
    assert.equal(attributes['cicd.pipeline.run.id'], 'run-1');
    assert.equal(attributes['host.name'], hostname());
    assert.equal(attributes['process.pid'], process.pid);
    assert.equal(attributes['runweave.interpreter.path'], '/bin/python3');
    assert.equal(attributes['runweave.interpreter.origin'], '.venv');
  });

  it('have nothing of git outside a checkout, nor of an interpreter when there is none', async () => {
    assert.deepEqual(await ofGit(), {});
    assert.equal('runweave.interpreter.path' in (await resourceAttributes({ ...context, folder })), false);
  });

  it('tell commit, branch and whether anything was changed, also from a folder below', async () => {
    git('init', '--quiet');
    assert.deepEqual(await ofGit(), { 'vcs.ref.head.name': 'main', 'vcs.ref.type': 'branch', 'runweave.vcs.dirty': false });
    const revision = commit();
    const clean = { 'vcs.ref.head.revision': revision, 'vcs.ref.head.name': 'main', 'vcs.ref.type': 'branch', 'runweave.vcs.dirty': false };
    assert.deepEqual(await ofGit(), clean);
    const sub = path.join(folder, 'sub');
    mkdirSync(sub);
    assert.deepEqual(await ofGit(sub), clean);
    writeFileSync(path.join(folder, 'a.py'), '2');
    assert.deepEqual(await ofGit(sub), { ...clean, 'runweave.vcs.dirty': true });
  });

  it('have the environment variables that matter to results and those that the pipeline file names, no others', async () => {
    const environment = { OMP_NUM_THREADS: '4', PYTHONHASHSEED: '0', DATA_VERSION: '7', HOME: '/home/me' };
    const attributes = await resourceAttributes({ ...context, folder, environment, env: ['DATA_VERSION', 'UNSET'] });
    assert.deepEqual(
      Object.entries(attributes).filter(([name]) => name.startsWith('process.environment_variable.')),
      [['process.environment_variable.OMP_NUM_THREADS', '4'], ['process.environment_variable.PYTHONHASHSEED', '0'], ['process.environment_variable.DATA_VERSION', '7']],
    );
  });

  it('have no branch when none is checked out', async () => {
    git('init', '--quiet');
    const revision = commit();
    git('checkout', '--quiet', '--detach');
    assert.deepEqual(await ofGit(), { 'vcs.ref.head.revision': revision, 'runweave.vcs.dirty': false });
  });

  const remotes: readonly (readonly [url: string, recorded: string])[] = [
    ['https://example.org/a/b.git', 'https://example.org/a/b.git'],
    ['https://user:token@example.org/a/b.git', 'https://example.org/a/b.git'],
    ['https://user:to@ken@example.org/a/b@c.git', 'https://example.org/a/b@c.git'],
    ['https://token@example.org:8443/a', 'https://example.org:8443/a'],
    ['git@example.org:a/b.git', 'git@example.org:a/b.git'],
  ];
  for (const [url, recorded] of remotes) {
    it(`record the remote ${url} as ${recorded}`, async () => {
      git('init', '--quiet');
      git('remote', 'add', 'origin', url);
      assert.equal((await ofGit())['vcs.repository.url.full'], recorded);
    });
  }
});
