/**
 * The oracle's world on disk:
 *
 *   checkout/           a git repository in half of the sequences; else what is in `common` is outside of the workspace
 *     common/           files and a module beside the pipeline
 *     pipeline/         the pipeline's folder
 *       venv/, .venv/   virtual environments with packages whose versions change; the second comes and goes
 *   outside/            files that are in no checkout
 *   flags/              what tasks that fail once remember
 */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, renameSync, rmSync, statSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { texts } from './world-text.ts';
import { environments, isOutside, type World } from './world.ts';

export interface Workspace {
  /** The pipeline's folder. */
  readonly folder: string;
  readonly python: string;
  readonly flags: string;
  /** The pipeline file once more, with nothing that means anything. */
  readonly saveAgain: () => void;
  /** Writes what is another now, and says how many files and packages that were, with those that changed places. `keepsTime` is to look as if it had not been written. */
  readonly write: (world: World, keepsTime?: string) => number;
  readonly swap: (world: World, one: string, other: string) => World;
  readonly git: Git | undefined;
  readonly remove: () => void;
}

/** Each gives the world as it is afterwards. All that can be committed is, first. */
export interface Git {
  readonly commit: (world: World) => void;
  /** To another branch, or to a new one if there is none. */
  readonly switchTo: (world: World, branch: string) => World;
  readonly thereAndBack: (world: World) => void;
  /** Of the last commit; `undefined`: there is no other. */
  readonly revert: (world: World) => World | undefined;
  readonly stash: (world: World) => World;
}

/** What a virtual environment has of its interpreter. Asked for once: it takes longer than most tasks. */
const interpreter = execFileSync('python3', ['-c', 'import sys; print(sys.executable, "%d.%d" % sys.version_info[:2], sys.base_prefix, sep="\\n")'], { encoding: 'utf8' }).trim().split('\n');

export function createWorkspace(options: { readonly notebooks: string | undefined; readonly hasGit: boolean; readonly tracksOutputs: boolean }): Workspace {
  const base = mkdtempSync(path.join(tmpdir(), 'runweave-oracle-'));
  const checkout = path.join(base, 'checkout');
  const folder = path.join(checkout, 'pipeline');
  const flags = path.join(base, 'flags');
  for (const place of [folder, flags]) mkdirSync(place, { recursive: true });
  const [first, second] = environments.map((name) => path.join(folder, name)) as [string, string];
  /** Site-packages → what is installed there. */
  const sites = new Map<string, World['packages']>();
  const addEnvironment = (place: string): string => {
    const { python, site } = makeEnvironment(place);
    if (options.notebooks !== undefined) writeFileSync(path.join(site, 'notebooks.pth'), `${options.notebooks}\n`);
    sites.set(site, {});
    return python;
  };
  const python = addEnvironment(first);

  let written: Readonly<Record<string, string>> = {};
  let saves = 0;
  let linked: Readonly<Record<string, string>> = {};

  const writeFiles = (now: Readonly<Record<string, string>>, keepsTime: string | undefined): number => {
    let count = 0;
    for (const name of Object.keys(written)) {
      if (now[name] !== undefined) continue;
      count += 1;
      rmSync(path.join(folder, name), { force: true });
      if (name.endsWith('/extra/__init__.py')) rmSync(path.dirname(path.join(folder, name)), { recursive: true });
    }
    for (const [name, text] of Object.entries(now)) {
      if (written[name] === text) continue;
      count += 1;
      const file = path.join(folder, name);
      mkdirSync(path.dirname(file), { recursive: true });
      const { atime, mtime } = keepsTime === name ? statSync(file) : { atime: 0, mtime: 0 };
      writeFileSync(file, text);
      if (keepsTime === name) utimesSync(file, atime, mtime);
    }
    written = now;
    return count;
  };
  const writeLinks = (links: World['links']): number => {
    let count = 0;
    for (const [link, target] of Object.entries(links)) {
      if (linked[link] === target) continue;
      count += 1;
      rmSync(path.join(folder, link), { force: true });
      symlinkSync(target, path.join(folder, link));
    }
    linked = links;
    return count;
  };
  const install = (site: string, installed: World['packages'], packages: World['packages']): number => {
    let count = 0;
    for (const name of new Set([...Object.keys(installed), ...Object.keys(packages)])) {
      const version = packages[name];
      if (installed[name] === version) continue;
      count += 1;
      for (const old of [path.join(site, name), path.join(site, `${name}-${installed[name] ?? ''}.dist-info`)]) rmSync(old, { recursive: true, force: true });
      if (version === undefined) continue;
      mkdirSync(path.join(site, name));
      writeFileSync(path.join(site, name, '__init__.py'), `def text():\n    return '${version}'\n`);
      mkdirSync(path.join(site, `${name}-${version}.dist-info`));
      writeFileSync(path.join(site, `${name}-${version}.dist-info`, 'METADATA'), `Metadata-Version: 2.1\nName: ${name}\nVersion: ${version}\n`);
    }
    sites.set(site, { ...packages });
    return count;
  };
  /** Before it has a Python it has no packages either. */
  const switchEnvironment = (isNew: boolean): number => {
    const has = existsSync(second);
    if (has === isNew) return 0;
    if (isNew) addEnvironment(second);
    else {
      rmSync(second, { recursive: true });
      for (const site of sites.keys()) if (site.startsWith(second)) sites.delete(site);
    }
    return 1;
  };
  /** Files that have changed places since the last write. */
  let moved = 0;
  const write: Workspace['write'] = (world, keepsTime) => {
    let count = moved + writeFiles(texts(world), keepsTime) + writeLinks(world.links) + switchEnvironment(world.hasNewEnvironment);
    moved = 0;
    for (const [site, installed] of sites) count += install(site, installed, world.packages);
    return count;
  };

  /** git has written it. */
  const takeOver = (world: World): World => {
    written = texts(world);
    linked = world.links;
    return world;
  };
  return {
    folder,
    python,
    flags,
    saveAgain: () => {
      saves += 1;
      writeFileSync(path.join(folder, 'runweave.yaml'), `${written['runweave.yaml'] ?? ''}\n# ${saves}\n`);
    },
    write,
    swap: (world, one, other) => {
      const [first = '', second = ''] = [world.files[one], world.files[other]];
      for (const [from, to] of [[one, 'data/x'], [other, one], ['data/x', other]] as const) renameSync(path.join(folder, from), path.join(folder, to));
      moved += 2;
      written = { ...written, [one]: second, [other]: first };
      return { ...world, files: { ...world.files, [one]: second, [other]: first } };
    },
    git: options.hasGit ? createGit(checkout, options.tracksOutputs, takeOver) : undefined,
    remove: () => rmSync(base, { recursive: true, force: true, maxRetries: 5 }),
  };
}

/** As `python3 -m venv --without-pip` makes it, in a hundredth of the time. */
function makeEnvironment(place: string): { readonly python: string; readonly site: string } {
  const [executable = '', version = '', prefix = ''] = interpreter;
  const site = path.join(place, 'lib', `python${version}`, 'site-packages');
  for (const each of [path.join(place, 'bin'), site]) mkdirSync(each, { recursive: true });
  const python = path.join(place, 'bin', 'python');
  symlinkSync(executable, python);
  writeFileSync(path.join(place, 'pyvenv.cfg'), `home = ${path.join(prefix, 'bin')}\ninclude-system-site-packages = false\nversion = ${version}\n`);
  return { python, site };
}

function createGit(checkout: string, tracksOutputs: boolean, takeOver: (world: World) => World): Git {
  const git = (...args: readonly string[]): string =>
    execFileSync('git', ['-c', 'core.fsync=none', '-c', 'user.name=oracle', '-c', 'user.email=oracle@example.org', '-c', 'commit.gpgSign=false', '-c', 'gc.auto=0', '-c', 'advice.detachedHead=false', ...args], { cwd: checkout, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });
  const branches = new Map<string, World[]>();
  let current = 'main';
  const isRepository = (): boolean => branches.size > 0;
  git('init', '-q', '-b', current);
  writeFileSync(path.join(checkout, '.gitignore'), [...environments, '.runweave', '__pycache__', '.ipynb_checkpoints', 'tick.txt', 'out/tick.txt', ...(tracksOutputs ? [] : ['out'])].join('\n'));

  const commit: Git['commit'] = (world) => {
    git('add', '-A');
    git('commit', '-q', '--allow-empty', '-m', 'the world');
    branches.set(current, [...(branches.get(current) ?? []), structuredClone(world)]);
  };
  const head = (): World => branches.get(current)?.at(-1) ?? assert.fail('there is no commit');
  /** What git does not know stays. */
  const checkedOut = (now: World): World => {
    const then = structuredClone(head());
    const files = Object.fromEntries([...Object.entries(then.files).filter(([file]) => !isOutside(file)), ...Object.entries(now.files).filter(([file]) => isOutside(file))]);
    return takeOver({ ...then, files, packages: now.packages, hasNewEnvironment: now.hasNewEnvironment });
  };
  return {
    commit,
    switchTo: (world, branch) => {
      commit(world);
      const isNew = !branches.has(branch);
      if (branch === current) return world;
      if (isNew) branches.set(branch, [...(branches.get(current) ?? [])]);
      git('checkout', '-q', ...(isNew ? ['-b'] : []), branch);
      current = branch;
      return checkedOut(world);
    },
    thereAndBack: (world) => {
      commit(world);
      const other = [...branches.keys()].find((branch) => branch !== current);
      if (other === undefined) return;
      git('checkout', '-q', other);
      git('checkout', '-q', current);
    },
    revert: (world) => {
      if (!isRepository()) return undefined;
      commit(world);
      const commits = branches.get(current) ?? [];
      const before = commits.at(-2);
      if (before === undefined) return undefined;
      // Reverting what changed nothing is refused, and does nothing.
      if (git('diff', '--name-only', 'HEAD~1').trim() === '') return world;
      git('revert', '--no-edit', 'HEAD');
      branches.set(current, [...commits, structuredClone(before)]);
      return checkedOut(world);
    },
    stash: (world) => {
      if (!isRepository() || git('status', '--porcelain').trim() === '') return world;
      git('stash', '-q', '-u');
      git('stash', 'drop', '-q');
      return checkedOut(world);
    },
  };
}
