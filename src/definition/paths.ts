/** Paths and globs as pipeline files write them: with `/`, relative to the pipeline file's folder. */
import { posix, win32 } from 'node:path';
import picomatch from 'picomatch';
import type { Mistake } from './reporter.ts';
import { quoted } from './reporter.ts';

/** PATH_MAX of Linux. */
const longestPath = 4096;

export type CheckedPath = { readonly path: string } | { readonly mistake: Pick<Mistake, 'code' | 'message' | 'suggestion' | 'replacement'> };

/** The path without `./`, `//`, inner `..` and a `/` at the end, or what is wrong with it. */
export function checkPath(text: string): CheckedPath {
  if (text.trim() === '') return { mistake: { code: 'bad-value', message: 'a path is empty' } };
  if (text.length > longestPath) return { mistake: { code: 'bad-value', message: `a path is longer than ${longestPath} characters` } };
  if (text.includes('\\')) {
    const replacement = JSON.stringify(text.replaceAll('\\', '/'));
    return { mistake: { code: 'bad-value', message: `the path ${quoted(text)} contains a backslash`, suggestion: `write ${replacement}`, replacement } };
  }
  const path = posix.normalize(text);
  return { path: path.length > 1 && path.endsWith('/') ? path.slice(0, -1) : path };
}

/** Whether a path of `checkPath` leads out of the pipeline file's folder. */
export function leadsOutside(path: string): boolean {
  return path === '..' || path.startsWith('../') || posix.isAbsolute(path) || win32.isAbsolute(path) || /^[A-Za-z]:/.test(path);
}

export function isGlob(path: string): boolean {
  return /[*?[\]{}]/.test(path);
}

/** What every path that the glob matches begins with. */
export function literalPrefix(glob: string): string {
  return /^[^*?[\]{}]*/.exec(glob)?.[0] ?? '';
}

/** The folder that a glob is looked for in, or what it is that a path names, and how many folders deep below it what is meant may be. */
export function reachOf(name: string): { readonly root: string; readonly depth: number } {
  if (!isGlob(name)) return { root: name, depth: Infinity };
  const root = posix.dirname(`${literalPrefix(name)}x`);
  return { root, depth: name.includes('**') ? Infinity : posix.relative(root, name).split('/').length };
}

/** Extended globs (`+(a|b)`) are left out: they make slow patterns, and no other part of the file needs them. */
export function globMatcher(glob: string): (path: string) => boolean {
  return picomatch(glob, { dot: true, noextglob: true, nonegate: true });
}
