/** What a task runs, from its kind's value; and whether its file is there. */
import { join, posix, resolve } from 'node:path';
import type { TaskKind, TaskSource } from '../model/pipeline.ts';
import type { Disk } from './disk.ts';
import { checkPath } from './paths.ts';
import { quoted, yamlText } from './reporter.ts';
import type { Mistake } from './reporter.ts';

export interface ReadSource {
  /** Absent if it could not be understood. */
  readonly source?: TaskSource;
  /** Relative to the pipeline's folder, or the command of a shell task: as graphs and tooltips show it. */
  readonly label: string;
  /** Absolute path; absent for shell tasks. */
  readonly file?: string;
  /** `on: 'key'` is about the kind, else about its value. */
  readonly mistake?: Pick<Mistake, 'code' | 'message' | 'suggestion' | 'replacement'> & { readonly on?: 'key' };
}

/** What graphs show of a source that is read; `undefined` for a function: the file of its module has to be looked for. */
export function sourceLabel(source: TaskSource): string | undefined {
  switch (source.kind) {
    case 'shell':
      return source.command;
    case 'python':
      return source.script;
    case 'notebook':
      return source.notebook;
    case 'call':
      return undefined;
    default:
      return source satisfies never;
  }
}

const identifier = '[\\p{ID_Start}_][\\p{ID_Continue}]*';
const callable = new RegExp(`^(${identifier}(?:\\.${identifier})*):(${identifier})$`, 'u');

export function readSource(kind: TaskKind, value: string, folder: string, disk: Disk): ReadSource {
  if (kind === 'shell') return { source: { kind, command: value }, label: value };
  if (kind === 'call') return readCall(value, folder, disk);
  const checked = checkPath(value);
  if ('mistake' in checked) return { label: value, mistake: checked.mistake };
  const { path } = checked;
  const file = resolve(folder, path);
  const source: TaskSource = kind === 'python' ? { kind, script: path } : { kind, notebook: path };
  const mistake = wrongExtension(kind, path) ?? missingFile(kind, path, folder, disk);
  return { source, label: path, file, ...(mistake === undefined ? {} : { mistake }) };
}

function wrongExtension(kind: 'python' | 'notebook', path: string): ReadSource['mistake'] {
  if (kind === 'python' && path.endsWith('.ipynb')) {
    return { code: 'bad-value', on: 'key', message: `${quoted(path)} is a notebook, not a script`, suggestion: 'write notebook: instead of python:', replacement: 'notebook' };
  }
  if (kind === 'notebook' && /\.\w+$/.test(path) && !/\.(ipynb|py)$/.test(path)) {
    return { code: 'bad-value', message: `${quoted(path)} is no notebook`, suggestion: 'a notebook is an .ipynb, or a .py in percent format' };
  }
  return undefined;
}

function missingFile(kind: 'python' | 'notebook', path: string, folder: string, disk: Disk): ReadSource['mistake'] {
  const exists = (candidate: string): boolean => disk.fileExists(resolve(folder, candidate));
  if (exists(path)) return undefined;
  const stem = path.replace(/\.(py|ipynb)$/, '');
  const candidates = (kind === 'python' ? [`${stem}.py`, `${stem}/__main__.py`] : [`${stem}.ipynb`, `${stem}.py`]).filter((candidate) => candidate !== path);
  const near = candidates.find(exists);
  const [command = ''] = path.split(' ');
  const what = kind === 'python' ? 'script' : 'notebook';
  const isFolder = disk.exists(resolve(folder, path));
  const message = isFolder ? `${quoted(path)} is a folder, not a ${what}` : `${what} ${quoted(path)} does not exist`;
  if (near !== undefined) return { code: 'missing-file', message, suggestion: `did you mean ${quoted(near)}?`, replacement: yamlText(near) };
  if (command !== path && exists(command)) return { code: 'missing-file', message, suggestion: 'arguments go into params, or use shell' };
  return { code: 'missing-file', message, suggestion: isFolder ? `name the ${what} in it` : 'create it, or correct the path' };
}

function readCall(value: string, folder: string, { fileExists }: Disk): ReadSource {
  const match = callable.exec(value);
  if (match === null) {
    const meant = nearCallable(value);
    return { label: value, mistake: { code: 'bad-value', message: `call must be module:function, not ${quoted(value)}`, ...(meant === undefined ? { suggestion: 'write for example tasks.prepare:split' } : { suggestion: `write ${meant}`, replacement: meant }) } };
  }
  const [, module = '', name = ''] = match;
  const stem = module.replaceAll('.', '/');
  const candidates = [`${stem}.py`, posix.join(stem, '__init__.py')] as const;
  const found = candidates.find((candidate) => fileExists(join(folder, candidate)));
  const path = found ?? candidates[0];
  return {
    source: { kind: 'call', module, function: name },
    label: path,
    file: join(folder, path),
    ...(found === undefined ? { mistake: { code: 'missing-file', message: `module ${quoted(module)} does not exist`, ...(missingSourceFolder(module, name, candidates, (candidate) => fileExists(join(folder, candidate))) ?? missingModuleFix(module, name, candidates[0])) } } : {}),
  };
}

/** Of a package that is below `src/`, from where it is imported once it is installed. */
function missingSourceFolder(module: string, name: string, candidates: readonly string[], exists: (path: string) => boolean): Pick<Mistake, 'suggestion' | 'replacement'> | undefined {
  const found = candidates.find((candidate) => exists(`src/${candidate}`));
  if (found === undefined) return undefined;
  const replacement = `src.${module}:${name}`;
  return { suggestion: `it is src/${found}: write ${replacement}, and env: {PYTHONPATH: src} at the top of the file for what it imports`, replacement };
}

function missingModuleFix(module: string, name: string, file: string): Pick<Mistake, 'suggestion' | 'replacement'> {
  if (!module.endsWith('.py')) return { suggestion: `create ${file}, or correct the name` };
  const replacement = `${module.slice(0, -'.py'.length)}:${name}`;
  return { suggestion: `write ${replacement}`, replacement };
}

/** `tasks/prepare.py:split` and `tasks.prepare.split` for `tasks.prepare:split`. */
function nearCallable(value: string): string | undefined {
  const dotted = value.trim().replace(/^\.\//, '').replaceAll('/', '.').replace(/\.py(?=:|$|\.|::)/, '').replace('::', ':').replace(/\(\)$/, '');
  const candidate = dotted.includes(':') ? dotted : dotted.replace(/\.([^.]+)$/, ':$1');
  return callable.test(candidate) && !value.endsWith('.py') ? candidate : undefined;
}
