/**
 * What a command gives to Python to run: a script, or a module by its name (`-m`), also behind other programs, and by
 * those that run modules themselves.
 *
 *   python -u gen        uv run python -m pkg.train        coverage run -m pkg        torchrun -m --standalone pkg.train
 */
import path from 'node:path';
import type { Word } from './command-words.ts';

interface GivenToPython {
  readonly scripts: readonly Word[];
  /** Dotted names. */
  readonly modules: readonly string[];
}

const python = /^(?:pythonw?|pypy|py)(?:\d+(?:\.\d+)*t?)?(?:\.exe)?$/i;
/** They have a `-m` of their own. */
const programs = new Set(['coverage', 'torchrun', 'accelerate', 'uv', 'kernprof', 'scalene', 'viztracer', 'pyinstrument', 'mprof']);
const runners = new Set(['coverage', 'torch.distributed.run', 'torch.distributed.launch', 'accelerate.commands.launch', 'cProfile', 'profile', 'trace', 'pdb', 'debugpy', 'kernprof', 'scalene', 'viztracer', 'pyinstrument', 'memory_profiler', 'mprof']);
/** With a `-m` that is none. */
const others = new Set(['pytest', 'py.test']);
const script = /\.pyw?$/i;
const moduleName = /^[^\W\d]\w*(?:\.[^\W\d]\w*)*$/u;
/** No file has a longer path, and nobody a package as deep. */
const [longestName, deepest] = [1024, 16];

/** `words` from the program on, which is the first. */
export function givenToPython(words: readonly Word[]): GivenToPython {
  const scripts: Word[] = [];
  const modules: string[] = [];
  const isModule = ({ text, isExpanded }: Word): boolean => !isExpanded && text.length <= longestName && moduleName.test(text);
  /** What the next word can be: an option of Python, what it is told to run, any argument of a runner, or a module for it. */
  let next: 'other' | 'option' | 'value' | 'module' | 'argument' | 'name' = 'other';
  let isAfterOption = false;
  /** Else a variable, which may be another program, or a word behind one, which may be anything. */
  let isFirst = false;
  const ran = (name: string): void => {
    modules.push(name);
    next = runners.has(name) ? 'argument' : 'other';
  };
  for (const [index, word] of words.entries()) {
    const { text } = word;
    const name = path.win32.basename(text);
    const isOption = text.startsWith('-');
    if (next === 'module') {
      next = 'other';
      if (isModule(word)) ran(text);
    } else if (next === 'value') next = 'option';
    else if (next === 'option' && isOption) {
      const [, module] = /^-[bBdEhiIOPqRsSuvVx]*m(.*)$/s.exec(text) ?? [];
      if (module === '') next = 'module';
      else if (module !== undefined && isModule({ ...word, text: module })) ran(module);
      else if (/^-[bBdEhiIOPqRsSuvVx]*c/.test(text)) next = 'other';
      else if (/^-[bBdEhiIOPqRsSuvVx]*[WX]$/.test(text) || text === '--check-hash-based-pycs') next = 'value';
    } else if (python.test(name) || (index === 0 && word.isExpanded)) {
      next = 'option';
      isFirst = index === 0 && python.test(name);
    } else if (next === 'option') {
      if (isFirst) scripts.push(word);
      next = 'other';
    } else if (programs.has(name)) next = 'argument';
    else if ((next === 'argument' || next === 'name') && (others.has(name) || script.test(text))) next = 'other';
    else if (next === 'argument' && (text === '-m' || text === '--module')) next = 'name';
    else if (next === 'name' && !isOption && isModule(word)) {
      ran(text);
      // It may be the value of an option.
      if (isAfterOption) next = 'name';
    }
    isAfterOption = isOption && text !== '-m' && text !== '--module';
  }
  return { scripts, modules };
}

/** The files that a module of this name may be, and those of the packages around it, relative to a folder on the path. */
export function filesOfModule(name: string): readonly string[] {
  const parts = name.split('.');
  if (parts.length > deepest) return [];
  const packages = parts.map((_, index) => `${parts.slice(0, index + 1).join('/')}/__init__.py`);
  return [`${parts.join('/')}.py`, `${parts.join('/')}/__main__.py`, ...packages];
}

const variable = /^PYTHONPATH\+?=/;
const mostFolders = 8;

/** Folders in a value of PYTHONPATH that are written out: relative to where the command runs, or absolute. */
export function foldersOfPath(value: string): readonly string[] {
  const all = value.split(path.delimiter).map((folder) => folder.replace(/^\$(?:PWD|\{PWD\})\/?/, ''));
  return all.filter((folder) => folder !== '' && !/[$`*?~]/.test(folder)).slice(0, mostFolders);
}

/** What a command sets PYTHONPATH to: before its program, or by `env` or `export`. */
export function pythonPathOf(words: readonly Word[]): readonly string[] {
  return words.flatMap(({ text }) => (variable.test(text) ? foldersOfPath(text.replace(variable, '')) : []));
}
