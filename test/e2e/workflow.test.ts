/** The workflows that `init --github` and `--gitlab` write: valid, and run step by step on fresh clones of a repository. */
import assert from 'node:assert/strict';
import { chmod, mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { before, describe, it } from 'node:test';
import type * as WorkflowParser from '@actions/workflow-parser';
import { build } from 'esbuild';
import { parse } from 'yaml';
import { project, runCli } from './cli-process.ts';
import { command, machine, platform, succeed, type Platform } from './workflow-runner.ts';

const pipeline = (slope: number, limit = 100): string => `name: lines
params:
  slope: ${slope}
tasks:
  rows:
    shell: seq 1 5 > rows.txt
    outputs: [rows.txt]
  fit:
    python: fit.py
    needs: [rows]
    inputs: [rows.txt]
    params: {slope: "\${params.slope}"}
    checks: [error < ${limit}]
`;

const fit = `import os
import runweave

slope = float(os.environ["RUNWEAVE_PARAM_SLOPE"])
with open("rows.txt") as rows:
    runweave.log_metric("error", sum(abs(slope * float(row) - 2 * float(row)) for row in rows))
`;

let tarball = '';
let packedFiles: readonly string[] = [];
let parser: typeof WorkflowParser;
before(async () => {
  const folder = await project({});
  // GitHub's parser imports its schema in a way that bundlers know and Node does not.
  const outfile = path.join(folder, 'workflow-parser.mjs');
  const banner = "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);";
  await build({ stdin: { contents: "export * from '@actions/workflow-parser'", resolveDir: import.meta.dirname }, bundle: true, platform: 'node', format: 'esm', banner: { js: banner }, outfile, logLevel: 'error' });
  parser = (await import(pathToFileURL(outfile).href)) as typeof parser;
  const packed = await succeed('npm', ['pack', '--silent', '--json', '--ignore-scripts', '--pack-destination', folder], path.join(import.meta.dirname, '..', '..'));
  const [{ filename, files }] = JSON.parse(packed.slice(packed.indexOf('[\n'))) as readonly [{ readonly filename: string; readonly files: readonly { readonly path: string }[] }];
  tarball = path.join(folder, filename);
  packedFiles = files.map((file) => file.path);
});

interface World {
  /** Absolute. */
  readonly origin: string;
  /** Writes files on a branch, which begins at main where it is new. */
  readonly commit: (branch: string, files: Readonly<Record<string, string>>) => Promise<void>;
  readonly github: Platform;
  readonly workflow: string;
}

async function world(files: Readonly<Record<string, string>>, init: { readonly folder: string; readonly options: readonly string[]; readonly workflow: string }): Promise<World> {
  const folder = await project({});
  const origin = path.join(folder, 'origin');
  const git = (...args: readonly string[]): Promise<string> => succeed('git', ['-c', 'user.name=Ada', '-c', 'user.email=ada@example.com', ...args], origin);
  const commit: World['commit'] = async (branch, changed) => {
    if ((await command('git', ['rev-parse', '--verify', '--quiet', branch], origin)).code !== 0 && branch !== 'main') await git('switch', '--quiet', '--create', branch, 'main');
    else await git('switch', '--quiet', branch);
    for (const [name, text] of Object.entries(changed)) {
      await mkdir(path.dirname(path.join(origin, name)), { recursive: true });
      await writeFile(path.join(origin, name), text);
    }
    await git('add', '--all');
    await git('commit', '--quiet', '--message', 'A change');
  };
  await mkdir(origin);
  await git('init', '--quiet', '--initial-branch', 'main');
  await git('commit', '--quiet', '--allow-empty', '--message', 'Nothing yet');
  await commit('main', files);
  const written = await runCli(['init', '--github', '--gitlab', ...init.options], { cwd: path.join(origin, init.folder) });
  assert.equal(written.code, 0, written.stderr);
  await commit('main', {});
  return { origin, commit, github: platform({ folder, origin, file: init.workflow, tarball }), workflow: path.join(origin, init.workflow) };
}

async function assertValid(file: string): Promise<void> {
  const content = await readFile(file, 'utf8');
  const { context, value } = parser.parseWorkflow({ name: path.basename(file), content }, new parser.NoOperationTraceWriter());
  assert.deepEqual(context.errors.getErrors().map(String), []);
  assert.ok(value !== undefined);
  const template = await parser.convertWorkflowTemplate(context, value);
  assert.deepEqual(template.errors ?? [], []);
  assert.deepEqual(template.jobs.map((job) => job.id.toString()), ['run', 'site']);
}

/** How many runs a website has pages of. */
async function runsOf(site: string): Promise<number> {
  return (await readdir(path.join(site, 'site', 'runs'))).length;
}

it('npm packs what runs, and nothing else', () => {
  const others = packedFiles.filter((file) => !/^(dist|media)[/]/.test(file) || file.endsWith('.map'));
  assert.deepEqual(others.toSorted(), ['CHANGELOG.md', 'LICENSE', 'README.md', 'package.json']);
});

describe('a workflow for GitHub', { concurrency: true }, () => {
  it('runs a pipeline in a folder of the repository, compares pull requests, and publishes all runs', async () => {
    const { commit, github, workflow } = await world(
      { 'models/lines/runweave.yaml': pipeline(3), 'models/lines/fit.py': fit },
      { folder: 'models/lines', options: [], workflow: '.github/workflows/runweave-models-lines.yml' },
    );
    await assertValid(workflow);

    const first = await github.deliver({ name: 'push', branch: 'main' });
    assert.equal(first.run.conclusion, 'success', first.run.log);
    assert.match(first.run.summary, /error.*15/);
    assert.equal(first.site.conclusion, 'success', first.site.log);
    assert.equal(await runsOf(github.site), 1);

    await commit('steeper', { 'models/lines/runweave.yaml': pipeline(4) });
    const compared = await github.deliver({ name: 'pull_request', branch: 'steeper' });
    assert.equal(compared.run.conclusion, 'success', compared.run.log);
    assert.match(compared.run.summary, /error.*30.*\+15/);
    // Its output came from the cache of the run before.
    assert.match(compared.run.log, /1 restored from \S+: rows/);
    assert.deepEqual(github.comments(), [`<!-- runweave-models-lines -->\n${compared.run.summary}`]);
    assert.equal(compared.site.conclusion, 'skipped');

    await commit('steeper', { 'models/lines/runweave.yaml': pipeline(5, 40) });
    const failing = await github.deliver({ name: 'pull_request', branch: 'steeper' });
    assert.equal(failing.run.conclusion, 'failure');
    assert.equal(failing.run.steps.get('Run the pipeline'), 'failure');
    for (const step of ['Keep the outputs', 'Report', 'Report to the pull request', 'Keep the record', 'actions/upload-artifact@v4']) assert.notEqual(failing.run.steps.get(step), 'failure', step);
    assert.match(failing.run.summary, /error &#60; 40: it is 45/);
    assert.match(failing.run.summary, /error \| 45 \| 15 \| \+30/);
    assert.deepEqual(github.comments(), [`<!-- runweave-models-lines -->\n${failing.run.summary}`], 'the comment is written anew');

    // A record alone is in the artifact, not the one that it was compared with; the zip opens as it is.
    const [, , artifact] = github.artifacts();
    assert.ok(artifact !== undefined);
    const elsewhere = await project({});
    const shown = await runCli(['show', github.zip(artifact)], { cwd: elsewhere });
    assert.equal(shown.code, 0, shown.stderr);
    assert.match(shown.stdout, /error < 40/);
    const imported = await runCli(['import', github.zip(artifact), '--json'], { cwd: elsewhere });
    assert.equal((JSON.parse(imported.stdout) as { runs: unknown[] }).runs.length, 1);

    // Nothing of a fork is told to, or published by, the repository.
    await github.deliver({ name: 'pull_request', branch: 'steeper', fork: true });
    assert.equal(github.artifacts().length, 4);
    assert.deepEqual(github.comments(), [`<!-- runweave-models-lines -->\n${failing.run.summary}`]);
    const scheduled = await github.deliver({ name: 'schedule', branch: 'main' });
    assert.equal(scheduled.site.conclusion, 'success', scheduled.site.log);
    assert.equal(await runsOf(github.site), 4);
  });

  it('reports without a base, installs packages, and says when nothing could be run', async () => {
    const file = "lines & more's.yaml";
    const { commit, github, workflow } = await world(
      { [file]: pipeline(3), 'fit.py': fit, 'requirements.txt': '# none\n' },
      { folder: '.', options: ['--file', file], workflow: '.github/workflows/runweave-lines-more-s.yml' },
    );
    await assertValid(workflow);

    await commit('steeper', { [file]: pipeline(4) });
    const first = await github.deliver({ name: 'pull_request', branch: 'steeper' });
    assert.equal(first.run.conclusion, 'success', first.run.log);
    assert.match(first.run.summary, /error.*30/);
    assert.equal(github.comments().length, 1);

    await commit('main', { [file]: 'tasks: 1\n' });
    const mistaken = await github.deliver({ name: 'push', branch: 'main' });
    assert.equal(mistaken.run.conclusion, 'failure');
    assert.match(mistaken.run.summary, /^Nothing was run/);
    assert.equal(mistaken.site.conclusion, 'success', mistaken.site.log);
    assert.equal(await runsOf(github.site), 1);
  });
});

interface GitlabJob {
  readonly before_script?: readonly string[];
  readonly script: readonly string[];
  readonly after_script?: readonly string[];
  readonly artifacts: { readonly paths: readonly string[] };
}

describe('jobs for GitLab', () => {
  it('run, compare merge requests, and hand the records on to the website', async () => {
    const { origin, commit } = await world(
      { 'models/lines/runweave.yaml': pipeline(3), 'models/lines/fit.py': fit },
      { folder: 'models/lines', options: [], workflow: '.github/workflows/runweave-models-lines.yml' },
    );
    const own = '.gitlab/runweave-models-lines.gitlab-ci.yml';
    assert.deepEqual(parse(await readFile(path.join(origin, '.gitlab-ci.yml'), 'utf8')), { include: [{ local: own }] });
    const jobs = parse(await readFile(path.join(origin, own), 'utf8')) as Readonly<Record<string, GitlabJob>>;
    const { 'runweave-models-lines': run, pages } = jobs;
    assert.ok(run !== undefined && pages !== undefined);

    const folder = await project({
      // Stands in for curl: gives the artifacts of the job that is asked for, or fails as with 404.
      'bin/curl': `#!/bin/sh\nfor last; do :; done\nwhile test "$1" != --output; do shift; done\ntest -f "$GITLAB_STATE/\${last##*job=}.zip" || exit 22\ncp "$GITLAB_STATE/\${last##*job=}.zip" "$2"\n`,
    });
    await chmod(path.join(folder, 'bin', 'curl'), 0o755);
    const clone = async (branch: string): Promise<string> => {
      const workspace = path.join(folder, `clone-${(await readdir(folder)).length}`);
      await succeed('git', ['clone', '--quiet', '--branch', branch, `file://${origin}`, workspace], folder);
      return workspace;
    };
    const shell = async (lines: readonly string[], workspace: string, variables: Readonly<Record<string, string>>): Promise<{ readonly code: number; readonly output: string }> =>
      command('bash', ['-eo', 'pipefail', '-c', lines.join('\n')], workspace, {
        ...machine(),
        PATH: [path.join(folder, 'bin'), path.join(folder, 'npm', 'bin'), path.dirname(process.execPath), process.env['PATH'] ?? ''].join(path.delimiter),
        npm_config_prefix: path.join(folder, 'npm'),
        RUNWEAVE: tarball,
        GITLAB_STATE: folder,
        CI_PROJECT_DIR: workspace,
        CI_API_V4_URL: 'https://gitlab.example/api/v4',
        CI_PROJECT_ID: '1',
        CI_JOB_TOKEN: 'a token',
        ...variables,
      });
    const keep = async (job: GitlabJob, name: string, workspace: string): Promise<void> => {
      const there: string[] = [];
      for (const each of job.artifacts.paths) if ((await command('test', ['-e', each], workspace)).code === 0) there.push(each);
      await succeed('tar', ['-cf', path.join(folder, 'kept.tar'), ...there], workspace);
      const unpacked = path.join(folder, `kept-${name}-${(await readdir(folder)).length}`);
      await mkdir(unpacked);
      await succeed('tar', ['-xf', path.join(folder, 'kept.tar')], unpacked);
      await succeed('python3', ['-m', 'zipfile', '-c', path.join(folder, `${name}.zip`), ...(await readdir(unpacked))], unpacked);
    };
    const runJob = async (branch: string, variables: Readonly<Record<string, string>> = {}): Promise<{ readonly code: number; readonly workspace: string }> => {
      const workspace = await clone(branch);
      const { code } = await shell([...(run.before_script ?? []), ...run.script], workspace, variables);
      const after = await shell(run.after_script ?? [], workspace, variables);
      assert.equal(after.code, 0, after.output);
      return { code, workspace };
    };

    const first = await runJob('main');
    assert.equal(first.code, 0);
    await keep(run, 'runweave-models-lines', first.workspace);
    await commit('steeper', { 'models/lines/runweave.yaml': pipeline(5, 40) });
    const failing = await runJob('steeper', { CI_MERGE_REQUEST_TARGET_BRANCH_NAME: 'main' });
    assert.equal(failing.code, 1);
    assert.match(await readFile(path.join(failing.workspace, 'models/lines/.runweave/report.md'), 'utf8'), /error \| 45 \| 15 \| \+30/);
    assert.match(await readFile(path.join(failing.workspace, 'models/lines/.runweave/junit.xml'), 'utf8'), /failures="1"/);

    for (const known of [1, 2]) {
      // GitLab puts the artifacts of the job that it needs into the clone.
      const { workspace } = known === 1 ? first : await runJob('main');
      const built = await shell(pages.script, workspace, { CI_COMMIT_BRANCH: 'main' });
      assert.equal(built.code, 0, built.output);
      assert.equal(await runsOf(path.join(workspace, 'public')), known);
      await keep(pages, 'pages', workspace);
    }
  });
});
