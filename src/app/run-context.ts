/** What a record says about where and from what a run was made: attributes by their OpenTelemetry names. */
import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { arch, hostname, platform, release } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import type { JsonObject } from '../model/json.ts';
import type { Interpreter } from '../protocol/session.ts';
import { ciAttributes } from './ci-attributes.ts';

const run = promisify(execFile);

/**
 * Environment variables that are recorded: what changes what a program computes, or which machine it got, and is no
 * secret. `record.env` of the pipeline file adds to them.
 */
const recordedVariables =
  'CI CONDA_DEFAULT_ENV CUDA_VISIBLE_DEVICES CUBLAS_WORKSPACE_CONFIG HIP_VISIBLE_DEVICES ROCR_VISIBLE_DEVICES NVIDIA_VISIBLE_DEVICES JAX_PLATFORMS KMP_AFFINITY LANG LC_ALL MKL_NUM_THREADS NUMEXPR_NUM_THREADS OMP_NUM_THREADS OPENBLAS_NUM_THREADS POLARS_MAX_THREADS PYTHONHASHSEED PYTHONOPTIMIZE PYTHONUTF8 PYTORCH_CUDA_ALLOC_CONF RAYON_NUM_THREADS SLURM_CPUS_PER_TASK SLURM_JOB_ID SLURM_JOB_PARTITION SLURM_NODELIST SOURCE_DATE_EPOCH TF_DETERMINISTIC_OPS TOKENIZERS_PARALLELISM TZ VIRTUAL_ENV XLA_FLAGS'.split(
    ' ',
  );

export interface ResourceContext {
  readonly folder: string;
  readonly pipelineName: string;
  readonly runId: string;
  readonly interpreter: Interpreter | undefined;
  /** Of Runweave. */
  readonly version: string;
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** Names of variables that are recorded besides. */
  readonly env: readonly string[];
}

/** Resource attributes of a run. Outside a git checkout, or without git, there is nothing of `vcs.*` but what the CI system says. */
export async function resourceAttributes({ folder, pipelineName, runId, interpreter, version, environment, env }: ResourceContext): Promise<JsonObject> {
  return {
    'service.name': 'runweave',
    'service.version': version,
    'cicd.pipeline.name': pipelineName,
    'cicd.pipeline.run.id': runId,
    'host.name': hostname(),
    'host.arch': arch() === 'x64' ? 'amd64' : arch(),
    'os.type': platform() === 'win32' ? 'windows' : platform(),
    'os.version': release(),
    'process.pid': process.pid,
    'process.runtime.name': 'nodejs',
    'process.runtime.version': process.versions.node,
    ...(interpreter !== undefined && {
      'runweave.interpreter.path': interpreter.path,
      'runweave.interpreter.version': interpreter.version,
      'runweave.interpreter.origin': interpreter.origin,
    }),
    ...environmentAttributes(environment, env),
    ...ciAttributes(environment),
    ...(isInCheckout(folder) && (await gitAttributes(folder))),
  };
}

/** registry/attributes/process: `process.environment_variable.<key>`. */
function environmentAttributes(environment: Readonly<Record<string, string | undefined>>, names: readonly string[]): JsonObject {
  return Object.fromEntries(
    [...recordedVariables, ...names].flatMap((name) => {
      const value = environment[name];
      return value === undefined ? [] : [[`process.environment_variable.${name}`, value]];
    }),
  );
}

/** To start git only to hear that there is none takes as long as many a run. */
export function isInCheckout(folder: string): boolean {
  if (process.env['GIT_DIR'] !== undefined) return true;
  for (let current = folder; ; current = path.dirname(current)) {
    if (existsSync(path.join(current, '.git'))) return true;
    if (current === path.dirname(current)) return false;
  }
}

async function gitAttributes(folder: string): Promise<JsonObject> {
  const git = async (...args: readonly string[]): Promise<string | undefined> => {
    try {
      // --no-optional-locks: never in the way of the user's own git.
      return (await run('git', ['--no-optional-locks', ...args], { cwd: folder, timeout: 3000, windowsHide: true, maxBuffer: 64 * 1024 * 1024 })).stdout;
    } catch {
      return undefined;
    }
  };
  const [status, remote] = await Promise.all([git('status', '--porcelain=v2', '--branch', '--untracked-files=no'), git('config', '--get', 'remote.origin.url')]);
  if (status === undefined) return {};
  const header = (name: string): string | undefined => new RegExp(`^# branch\\.${name} (.*)$`, 'm').exec(status)?.[1];
  const commit = header('oid');
  const branch = header('head');
  const url = remote === undefined ? undefined : withoutCredentials(remote.trim());
  return {
    ...(commit !== undefined && commit !== '(initial)' && { 'vcs.ref.head.revision': commit }),
    ...(branch !== undefined && branch !== '(detached)' && { 'vcs.ref.head.name': branch, 'vcs.ref.type': 'branch' }),
    ...(url !== undefined && url !== '' && { 'vcs.repository.url.full': url }),
    'runweave.vcs.dirty': /^[^#\n]/m.test(status),
  };
}

/** `https://user:token@host/x` → `https://host/x`. */
function withoutCredentials(url: string): string {
  return url.replace(/^([a-z][a-z0-9+.-]*:\/\/)[^/]*@/i, '$1');
}
