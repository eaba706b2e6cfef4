/**
 * Whether two paths of a pipeline file can stand for the same file: each for a file, for all in a folder, or for what a
 * glob matches.
 *
 * Both are patterns of the names on the way to a file, and a name is a pattern of characters, so it is one question
 * twice: is there a sequence that both match? A glob that is not understood (ranges, groups in parentheses) stands for
 * everything below the folder that it begins with. A path whose name has an extension is taken for a file.
 */
import { isGlob, leadsOutside } from './paths.ts';

/** Braces stand for one glob each; with more of them, a glob counts as not understood. */
const mostAlternatives = 64;
/** What means more than it says in picomatch's regular expressions, and `**` beside something else. */
const notUnderstood = /[()|"\\]|[\]}]\+|\[\]|\[[^\]]*[{},/[]|\*\*[^/]|[^/]\*\*/;

/** What a path stands for: looked at by `canOverlap` any number of times. */
export interface FilePattern {
  readonly isOutside: boolean;
  /** What every file of it ends with. */
  readonly end: string;
  /** One of these: the names on the way to a file, of which `**` stands for any number. */
  readonly ways: readonly (readonly string[])[];
}

/** Of a path as `checkPath` gives it. */
export function filePattern(path: string): FilePattern {
  const isOutside = leadsOutside(path);
  const names = path.split('/');
  if (!isGlob(path)) {
    const isFile = /.\.[^.]*[A-Za-z][^.]*$/.test(names.at(-1) ?? '');
    return { isOutside, end: isFile ? path : '', ways: [isFile ? names : [...names.filter((name) => name !== '.'), '**']] };
  }
  const globs = notUnderstood.test(path) ? undefined : withoutBraces(path);
  // A slash after `**` may stand for nothing.
  if (globs !== undefined) return { isOutside, end: /[^*?[\]{}]*$/.exec(path)?.[0].replace(/^\//, '') ?? '', ways: globs.map((glob) => glob.split('/')) };
  const begin = /^[^*?[\]{}()|"+]*/.exec(path)?.[0] ?? '';
  return { isOutside, end: '', ways: [[...begin.split('/').slice(0, -1), '**']] };
}

/** `true` also where that is not known for sure. */
export function canOverlap(a: FilePattern, b: FilePattern): boolean {
  if (a.isOutside !== b.isOutside || !(a.end.endsWith(b.end) || b.end.endsWith(a.end))) return false;
  return a.ways.some((one) => b.ways.some((other) => canBothMatch(one, other, '**', canBeSameName)));
}

function withoutBraces(glob: string): readonly string[] | undefined {
  const done: string[] = [];
  for (const left = [glob]; left.length > 0; ) {
    const next = left.pop() ?? '';
    // The innermost first.
    const [group, inside = ''] = /\{([^{}]*)\}/.exec(next) ?? [];
    if (group === undefined && !/[{}]/.test(next)) done.push(next);
    else if (group === undefined || !inside.includes(',') || inside.includes('..')) return undefined;
    else left.push(...inside.split(',').map((each) => next.replace(group, () => each)));
    if (done.length + left.length > mostAlternatives) return undefined;
  }
  return done;
}

function canBeSameName(a: string, b: string): boolean {
  return canBothMatch(charactersOf(a), charactersOf(b), '*', canBeSameCharacter);
}

/** `[ab]` is one of them. */
function charactersOf(name: string): readonly string[] {
  return name.match(/\[[^\]]+\]|[^]/g) ?? [];
}

function canBeSameCharacter(a: string, b: string): boolean {
  if (a.length > 1 && b.length > 1) return true;
  return a === b || a === '?' || b === '?' || isOneOf(a, b) || isOneOf(b, a);
}

function isOneOf(character: string, set: string): boolean {
  if (set.length === 1) return false;
  // Where files are found that is none of them, elsewhere one of these and `!`.
  if (set.startsWith('[!')) return true;
  try {
    return new RegExp(`^${set}$`).test(character);
  } catch {
    return true;
  }
}

/** Whether there is a sequence that both match. A `star` stands for any number of elements. */
function canBothMatch(a: readonly string[], b: readonly string[], star: string, canBeSame: (a: string, b: string) => boolean): boolean {
  /** Of the ends of `a` from the next element on: whether they fit the end of `b` from each element on. */
  let after: readonly boolean[] = [];
  for (let i = a.length; i >= 0; i -= 1) {
    const fits: boolean[] = [];
    for (let j = b.length; j >= 0; j -= 1) {
      const [ours, theirs] = [a[i], b[j]];
      fits[j] =
        (ours === undefined && theirs === undefined) ||
        // A star takes nothing more, or one element of the other.
        (ours === star && (after[j] === true || fits[j + 1] === true)) ||
        (theirs === star && (fits[j + 1] === true || after[j] === true)) ||
        (ours !== undefined && theirs !== undefined && ours !== star && theirs !== star && after[j + 1] === true && canBeSame(ours, theirs));
    }
    after = fits;
  }
  return after[0] === true;
}
