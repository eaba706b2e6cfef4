/** What a record says about where and from what a run was made: attributes by their OpenTelemetry names. */
import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { arch, hostname, platform, release } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import type { JsonObject } from '../model/json.ts';
import type { Interpreter } from '../protocol/session.ts';

const run = promisify(execFile);

/** Resource attributes of a run. Outside a git checkout, or without git, there is nothing of `vcs.*`. */
export async function resourceAttributes(folder: string, pipelineName: string, runId: string, interpreter: Interpreter | undefined, version: string): Promise<JsonObject> {
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
    ...(isInCheckout(folder) && (await gitAttributes(folder))),
  };
}

/** To start git only to hear that there is none takes as long as many a run. */
function isInCheckout(folder: string): boolean {
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
