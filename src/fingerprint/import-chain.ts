/**
 * Through which modules a task came to import a file: what a reason says besides the file's name. Read from the import
 * statements of the sources as they are now; where an import is made from a computed name there is no chain to tell.
 */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { isJsonObject, type Json } from '../model/json.ts';

/** Relative to the pipeline's folder, with `/`. */
type File = string;

/** The files from `own` to the one that imports `target`, outermost first; `undefined` when no way is seen. */
export function importersOf(target: File, own: File, sources: readonly File[], importsOf: (file: File) => readonly string[]): readonly File[] | undefined {
  const from = new Map<File, File | undefined>([[own, undefined]]);
  const queue = [own];
  for (let file = queue.shift(); file !== undefined; file = queue.shift()) {
    const found = new Set(importsOf(file).flatMap((module) => filesOfModule(module, file, sources)));
    for (const next of found) {
      if (from.has(next)) continue;
      from.set(next, file);
      if (next === target) return wayTo(file, from);
      queue.push(next);
    }
  }
  return undefined;
}

function wayTo(file: File, from: ReadonlyMap<File, File | undefined>): readonly File[] {
  const way: File[] = [];
  for (let at: File | undefined = file; at !== undefined; at = from.get(at)) way.unshift(at);
  return way;
}

/** `a.b` is `a/b.py` or `a/b/__init__.py` below whatever folder, and imports `a/__init__.py` too; `..b` starts from the importing file. */
function filesOfModule(module: string, importer: File, sources: readonly File[]): readonly File[] {
  const dots = /^\.*/.exec(module)?.[0].length ?? 0;
  const names = module.slice(dots).split('.').filter((name) => name !== '');
  const base = dots === 0 ? undefined : path.posix.join(path.posix.dirname(importer), ...Array.from({ length: dots - 1 }, () => '..'));
  const wanted = names.map((_, index) => names.slice(0, index + 1).join('/'));
  if (names.length === 0) wanted.push('');
  const endings = wanted.flatMap((name) => (name === '' ? ['__init__.py'] : [`${name}.py`, `${name}/__init__.py`]));
  if (base !== undefined) return endings.map((ending) => path.posix.join(base, ending)).filter((file) => sources.includes(file));
  return sources.filter((file) => endings.some((ending) => file === ending || file.endsWith(`/${ending}`)));
}

/** Modules named in the import statements of a Python source or notebook; of `from a import b` both `a` and `a.b`. */
export function importedModules(text: string): readonly string[] {
  const found: string[] = [];
  for (const [, module, inParentheses, names, modules] of text.matchAll(/^[ \t]*(?:from[ \t]+([.\w]+)[ \t]+import[ \t]*(?:\(([^)]*)\)|([^\n#;]*))|import[ \t]+([^\n#;]*))/gm)) {
    const listed = (inParentheses ?? names ?? modules ?? '').split(',').map((name) => /^[\s\\]*([.\w]+)/.exec(name)?.[1] ?? '').filter((name) => name !== '');
    if (module === undefined) found.push(...listed);
    else found.push(module, ...listed.map((name) => (module.endsWith('.') ? `${module}${name}` : `${module}.${name}`)));
  }
  return found;
}

/** Nothing for a file that can't be read. */
export function readImports(absolute: string): readonly string[] {
  try {
    const text = readFileSync(absolute, 'utf8');
    return importedModules(absolute.endsWith('.ipynb') ? codeOfNotebook(JSON.parse(text) as Json) : text);
  } catch {
    return [];
  }
}

function codeOfNotebook(notebook: Json): string {
  const cells = isJsonObject(notebook) && Array.isArray(notebook['cells']) ? (notebook['cells'] as readonly Json[]) : [];
  return cells.flatMap((cell) => (isJsonObject(cell) && cell['cell_type'] === 'code' ? [lines(cell['source'])] : [])).join('\n');
}

function lines(source: Json | undefined): string {
  if (typeof source === 'string') return source;
  return Array.isArray(source) ? (source as readonly Json[]).filter((line) => typeof line === 'string').join('') : '';
}
