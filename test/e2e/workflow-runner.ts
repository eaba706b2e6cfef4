/**
 * Runs a job of a GitHub workflow as a runner does: expressions by GitHub's own library, each `run:` under `bash -e`.
 * What can't be here is stood in for: the actions that the workflow uses, and the program `gh`, over a folder that holds
 * what GitHub would (artifacts, caches, comments, the website).
 */
import { spawn } from 'node:child_process';
import { chmodSync, cpSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { data, Evaluator, Lexer, Parser } from '@actions/expressions';
import { parse } from 'yaml';

interface Step {
  readonly id?: string;
  readonly name?: string;
  readonly uses?: string;
  readonly run?: string;
  readonly if?: string;
  readonly env?: Readonly<Record<string, string | number>>;
  readonly with?: Readonly<Record<string, string | number | boolean>>;
  readonly 'continue-on-error'?: boolean;
}

interface Job {
  readonly if?: string;
  readonly steps: readonly Step[];
  readonly defaults?: { readonly run: { readonly 'working-directory': string } };
}

interface Workflow {
  readonly name: string;
  readonly env: Readonly<Record<string, string>>;
  readonly jobs: Readonly<Record<string, Job>>;
}

export interface Event {
  readonly name: 'push' | 'pull_request' | 'schedule';
  /** What is checked out. */
  readonly branch: string;
  /** Of a pull request. */
  readonly fork?: boolean;
}

export interface JobResult {
  readonly conclusion: 'success' | 'failure' | 'skipped';
  /** What each step came to, by its name or action. */
  readonly steps: ReadonlyMap<string, 'success' | 'failure' | 'skipped'>;
  readonly log: string;
  readonly summary: string;
}

/** A repository's artifact, as the API of GitHub lists it, and the run that it is of. */
export interface Artifact {
  readonly id: number;
  readonly name: string;
  readonly run: number;
  readonly event: string;
  readonly branch: string;
  readonly fork: boolean;
  readonly conclusion: string;
}

export interface Platform {
  /** Runs the jobs of the workflow file on fresh clones, each after the other. */
  readonly deliver: (event: Event) => Promise<{ readonly run: JobResult; readonly site: JobResult }>;
  /** The newest last. */
  readonly artifacts: () => readonly Artifact[];
  readonly zip: (artifact: Artifact) => string;
  readonly comments: () => readonly string[];
  /** The folder of the website that was deployed last. */
  readonly site: string;
}

interface PlatformOptions {
  /** An empty folder. */
  readonly folder: string;
  /** The repository that is cloned. */
  readonly origin: string;
  /** The workflow, relative to the repository. */
  readonly file: string;
  /** The packed npm package. */
  readonly tarball: string;
}

const repositoryName = 'ada/lines';

export function platform({ folder, origin, file, tarball }: PlatformOptions): Platform {
  const state = path.join(folder, 'github');
  const bin = path.join(folder, 'bin');
  for (const each of [state, bin, path.join(state, 'zips'), path.join(state, 'caches')]) mkdirSync(each, { recursive: true });
  writeFileSync(path.join(state, 'artifacts.json'), '[]');
  writeFileSync(path.join(state, 'comments.json'), '[]');
  writeFileSync(path.join(bin, 'gh'), `#!/bin/sh\nexec node ${JSON.stringify(path.join(import.meta.dirname, 'gh-stand-in.mjs'))} "$@"\n`);
  chmodSync(path.join(bin, 'gh'), 0o755);
  const artifacts = (): readonly Artifact[] => JSON.parse(readFileSync(path.join(state, 'artifacts.json'), 'utf8')) as readonly Artifact[];
  const site = path.join(state, 'pages');
  let runs = 0;

  async function runJob(workflow: Workflow, id: string, event: Event, run: number): Promise<JobResult> {
    const job = workflow.jobs[id];
    if (job === undefined) throw new Error(`there is no job ${id}`);
    const isPull = event.name === 'pull_request';
    const github = {
      event_name: event.name,
      repository: repositoryName,
      ref: isPull ? 'refs/pull/7/merge' : `refs/heads/${event.branch}`,
      base_ref: isPull ? 'main' : '',
      workflow: workflow.name,
      token: 'a token',
      run_id: String(run),
      run_attempt: '1',
      event: isPull ? { pull_request: { number: 7, head: { repo: { full_name: event.fork === true ? 'eve/lines' : repositoryName } } } } : {},
    };
    let failed = false;
    const expression = (text: string, env: Readonly<Record<string, string>>): data.ExpressionData => {
      const status = (name: string, value: () => boolean): [string, { name: string; minArgs: number; maxArgs: number; call: () => data.BooleanData }] => [name, { name, minArgs: 0, maxArgs: 0, call: () => new data.BooleanData(value()) }];
      const functions = new Map([status('always', () => true), status('success', () => !failed), status('failure', () => failed), status('cancelled', () => false)]);
      const parsed = new Parser(new Lexer(text).lex().tokens, ['github', 'env', 'steps'], [...functions.values()]).parse();
      return new Evaluator(parsed, JSON.parse(JSON.stringify({ github, env, steps: {} }), data.reviver) as data.Dictionary, functions).evaluate();
    };
    const holds = (condition: string | undefined): boolean => {
      const text = condition?.replace(/^\$\{\{(.*)\}\}$/, '$1') ?? 'success()';
      // As GitHub has it: a condition that asks for no status asks for success.
      const result = expression(/\b(always|success|failure|cancelled)\(/.test(text) ? text : `success() && (${text})`, workflow.env);
      return result.coerceString() === 'true';
    };
    if (!holds(job.if)) return { conclusion: 'skipped', steps: new Map(), log: '', summary: '' };

    const workspace = path.join(folder, `run-${run}-${id}`);
    const summary = path.join(folder, `summary-${run}-${id}`);
    writeFileSync(summary, '');
    const env: Record<string, string> = { ...workflow.env, RUNWEAVE: tarball };
    const filled = (text: string | number | boolean): string => String(text).replaceAll(/\$\{\{(.*?)\}\}/g, (_, inner: string) => expression(inner.trim(), env).coerceString());
    const steps = new Map<string, 'success' | 'failure' | 'skipped'>();
    let log = '';
    for (const step of job.steps) {
      const name = step.name ?? step.uses ?? step.run ?? '';
      if (!holds(step.if)) {
        steps.set(name, 'skipped');
        continue;
      }
      const environment = { ...env, ...Object.fromEntries(Object.entries(step.env ?? {}).map(([key, value]) => [key, filled(value)])) };
      const inputs = Object.fromEntries(Object.entries(step.with ?? {}).map(([key, value]) => [key, filled(value)]));
      let code = 0;
      if (step.run !== undefined) {
        const script = path.join(folder, `step-${run}-${id}-${steps.size}.sh`);
        writeFileSync(script, filled(step.run));
        const ended = await command('bash', ['-e', script], path.join(workspace, job.defaults?.run['working-directory'] ?? '.'), {
          ...machine(),
          ...environment,
          PATH: [bin, path.join(folder, 'npm', 'bin'), path.dirname(process.execPath), process.env['PATH'] ?? ''].join(path.delimiter),
          npm_config_prefix: path.join(folder, 'npm'),
          CI: 'true',
          GITHUB_ACTIONS: 'true',
          GITHUB_REPOSITORY: repositoryName,
          GITHUB_SERVER_URL: 'https://github.example',
          GITHUB_RUN_ID: String(run),
          GITHUB_STEP_SUMMARY: summary,
          GH_STATE: state,
        });
        code = ended.code;
        log += `## ${name}\n${ended.output}`;
      } else {
        await action(step.uses?.replace(/@.*/, '') ?? '', inputs, { workspace, event, run });
      }
      steps.set(name, code === 0 ? 'success' : 'failure');
      if (code !== 0 && step['continue-on-error'] !== true) failed = true;
    }
    // Installed anew by each job.
    rmSync(path.join(folder, 'npm'), { recursive: true, force: true });
    return { conclusion: failed ? 'failure' : 'success', steps, log, summary: readFileSync(summary, 'utf8') };
  }

  /** What the actions do that the workflow uses. */
  async function action(name: string, inputs: Readonly<Record<string, string>>, { workspace, event, run }: { readonly workspace: string; readonly event: Event; readonly run: number }): Promise<void> {
    const at = path.join(workspace, inputs['path'] ?? '');
    const cache = (key: string): string => path.join(state, 'caches', key);
    switch (name) {
      case 'actions/checkout':
        await succeed('git', ['clone', '--quiet', '--depth', '1', '--branch', event.branch, `file://${origin}`, workspace], folder);
        return;
      case 'actions/cache/restore': {
        const prefix = inputs['restore-keys']?.trim() ?? '';
        const newest = readdirSync(path.join(state, 'caches')).filter((key) => key.startsWith(prefix)).sort().at(-1);
        if (newest !== undefined) cpSync(cache(newest), at, { recursive: true });
        return;
      }
      case 'actions/cache/save':
        if (existsSync(at)) cpSync(at, cache(inputs['key'] ?? ''), { recursive: true });
        return;
      case 'actions/upload-artifact': {
        const paths = (inputs['path'] ?? '').split('\n').filter((line) => line !== '');
        // The root of the zip is what the paths have in common, whether they are there or not.
        const root = paths.map((each) => path.dirname(each)).reduce((common, each) => (common === each ? common : ''));
        const id = artifacts().length + 1;
        const zip = path.join(state, 'zips', `${id}.zip`);
        const there = paths.filter((each) => existsSync(path.join(workspace, each))).map((each) => path.basename(each));
        if (there.length === 0) return;
        await succeed('python3', ['-m', 'zipfile', '-c', zip, ...there], path.join(workspace, root));
        const conclusion = 'in progress';
        writeFileSync(path.join(state, 'artifacts.json'), JSON.stringify([...artifacts(), { id, name: inputs['name'], run, event: event.name, branch: event.branch, fork: event.fork === true, conclusion }]));
        return;
      }
      case 'actions/upload-pages-artifact':
        rmSync(site, { recursive: true, force: true });
        cpSync(at, site, { recursive: true });
        return;
      case 'actions/setup-node':
      case 'actions/deploy-pages':
        return;
      default:
        throw new Error(`there is no stand-in for ${name}`);
    }
  }

  return {
    deliver: async (event) => {
      await succeed('git', ['-C', origin, 'rev-parse', '--verify', '--quiet', event.branch], folder);
      const workflow = parse(await succeed('git', ['-C', origin, 'show', `${event.branch}:${file}`], folder)) as Workflow;
      runs += 1;
      const number = runs;
      const run = await runJob(workflow, 'run', event, number);
      writeFileSync(path.join(state, 'artifacts.json'), JSON.stringify(artifacts().map((each) => (each.run === number ? { ...each, conclusion: run.conclusion } : each))));
      return { run, site: await runJob(workflow, 'site', event, number) };
    },
    artifacts,
    zip: ({ id }) => path.join(state, 'zips', `${id}.zip`),
    comments: () => (JSON.parse(readFileSync(path.join(state, 'comments.json'), 'utf8')) as readonly { readonly body: string }[]).map(({ body }) => body),
    site,
  };
}

/** The variables of this process without those that would change what is run. */
export function machine(): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(process.env).filter(([name]) => !/^(npm_|GITHUB_|RUNWEAVE|VIRTUAL_ENV$|NODE_OPTIONS$|NODE_TEST_CONTEXT$|OTEL_)/i.test(name)));
}

export interface CommandResult {
  readonly code: number;
  /** Of both streams. */
  readonly output: string;
}

export function command(program: string, args: readonly string[], cwd: string, env: NodeJS.ProcessEnv = machine()): Promise<CommandResult> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, { cwd, env, stdio: ['ignore', 'pipe', 'pipe'], timeout: 300_000 });
    let output = '';
    for (const stream of [child.stdout, child.stderr]) stream.setEncoding('utf8').on('data', (text: string) => (output += text));
    child.on('error', reject);
    child.on('close', (code) => resolve({ code: code ?? 1, output }));
  });
}

/** What it printed; rejects when it fails. */
export async function succeed(program: string, args: readonly string[], cwd: string): Promise<string> {
  const { code, output } = await command(program, args, cwd);
  if (code !== 0) throw new Error(`${program} ${args.join(' ')} ended with ${code}:\n${output}`);
  return output;
}
