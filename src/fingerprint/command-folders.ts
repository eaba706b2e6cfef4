/**
 * The folders in which the commands of a shell's text may run, as far as it says where it goes: a `cd` into a folder
 * that is written out is taken to succeed, and holds until the end of its parentheses.
 *
 *   cd a && ./x; ./y                   x, y: a
 *   [ -d a ] && cd a; ./x              x: a or the first
 *   if t; then cd a; else ./x; fi; ./y    x, y: a or the first
 *   cd a || exit; ./x                  x: a
 *   cd a | ./x; ./y                    x, y: the first
 *
 * Where it depends on what runs, there are several: whoever looks for a script looks in each. A function's body is read
 * where it stands, and a loop's once.
 */
import path from 'node:path';
import type { Separator, Word } from './command-words.ts';

type Folders = readonly string[];

/** Folders are relative to the one in which the whole command runs, or absolute. */
export interface Whereabouts {
  readonly folders: Folders;
  /** Of `cd -`. */
  readonly previous: Folders;
  readonly pushed: Pushed | undefined;
  /** It went where only the shell knows: what is relative from here on, as `..`, may as well lead back. */
  readonly isLost: boolean;
  /** What follows is not reached, or only by another way. */
  readonly isOver: boolean;
}
interface Pushed {
  readonly folders: Folders;
  readonly below: Pushed | undefined;
}

export const atStart: Whereabouts = { folders: [''], previous: [''], pushed: undefined, isLost: false, isOver: false };

/** More than these are not looked into, nor longer paths: no command has them, and the time would be the square of its length. */
const mostFolders = 8;
const longestPath = 1024;

/** Commands joined by `&&` and `||`. */
interface List {
  readonly start: Whereabouts;
  /** Where it is if the rest of the list does not run. */
  skipped: Folders;
}
interface Block {
  readonly type: 'braces' | 'if' | 'loop' | 'case';
  readonly entered: Whereabouts;
  /** It may not run, or in a shell of its own. */
  readonly isUncertain: boolean;
  /** Where its other branches end. */
  seen: Folders;
  /** Where another branch begins. */
  branches: Folders;
  readonly list: List;
}
/** Text between parentheses, or all of it. */
interface Frame {
  readonly entered: Whereabouts;
  readonly list: List;
  readonly blocks: Block[];
  readonly open: Record<Block['type'], number>;
}

export interface Follower {
  readonly where: () => Whereabouts;
  readonly open: () => void;
  readonly close: () => void;
  readonly separator: (separator: Separator) => void;
  /** Before a command is looked at: its words without those of the shell's language before it, such as `then` and `}`. */
  readonly begin: (words: readonly Word[]) => readonly Word[];
  /** After the command was looked at. */
  readonly run: (program: string, rest: readonly Word[], isWindows: boolean) => void;
  /** A text was read in its place. */
  readonly goOn: (where: Whereabouts) => void;
}

export function followFolders(start: Whereabouts): Follower {
  let where = start;
  let list: List = { start, skipped: [] };
  let blocks: Block[] = [];
  let open = noBlocks();
  const frames: Frame[] = [];
  /** Before the last command, or block. */
  let before = start;
  let isPiped = false;
  let isNegated = false;
  /** 1: parentheses opened; 2: they closed with nothing in them, or a name was given: a function's body follows. */
  let functionHead = 0;

  const beginList = (): void => {
    list = { start: where, skipped: [] };
  };
  const endList = (): void => {
    if (list.skipped.length > 0) where = { ...where, folders: either(list.skipped, where.isOver ? [] : where.folders), isOver: false };
    // What follows in the same place is never reached, or a mistake of ours.
    else if (blocks.length === 0) where = { ...where, isOver: false };
    beginList();
  };
  const push = (type: Block['type']): void => {
    blocks.push({ type, entered: where, isUncertain: isPiped || functionHead === 2 || isNegated, seen: type === 'braces' ? [] : where.folders, branches: where.folders, list });
    open[type] += 1;
    isPiped = isNegated = false;
    functionHead = 0;
    beginList();
  };
  const pop = (type: Block['type']): void => {
    if (open[type] === 0) return;
    endList();
    let block: Block | undefined;
    do {
      block = blocks.pop();
      if (block !== undefined) open[block.type] -= 1;
    } while (block !== undefined && block.type !== type);
    if (block === undefined) return;
    const ends = where.isOver ? [] : where.folders;
    const others = either(block.seen, block.isUncertain ? block.entered.folders : []);
    const folders = either(others, ends);
    where = { ...where, folders: folders.length > 0 ? folders : where.folders, isOver: folders.length === 0 };
    list = block.list;
    before = block.entered;
  };
  const nextBranch = (mayFollow = false): void => {
    endList();
    const block = blocks.at(-1);
    if (block === undefined || block.type === 'braces') return;
    block.seen = either(block.seen, where.isOver ? [] : where.folders);
    where = { ...where, folders: mayFollow && !where.isOver ? either(block.branches, where.folders) : block.branches, isOver: false };
    beginList();
  };

  const afterCondition = (): void => {
    const block = blocks.at(-1);
    if (block?.type === 'if') block.branches = either(block.branches, where.folders);
  };

  return {
    where: () => where,
    open: () => {
      frames.push({ entered: where, list, blocks, open });
      blocks = [];
      open = noBlocks();
      beginList();
      functionHead = 1;
    },
    close: () => {
      // After a pattern.
      if (open.case > 0) return;
      const frame = frames.pop();
      if (frame === undefined) return;
      ({ entered: where, list, blocks, open } = frame);
      before = where;
      functionHead = functionHead === 1 ? 2 : 0;
    },
    separator: (separator) => {
      switch (separator) {
        case '&&':
          list.skipped = either(list.skipped, where.isOver ? [] : where.folders);
          if (where.isOver) where = { ...where, folders: list.skipped.length > 0 ? list.skipped : where.folders, isOver: false };
          break;
        case '||':
          list.skipped = either(list.skipped, where.isOver ? [] : where.folders);
          where = { ...where, folders: either(list.start.folders, where.folders), isOver: false };
          break;
        case '|':
          where = before;
          isPiped = true;
          return;
        case '&':
          where = list.start;
          beginList();
          break;
        case ';;':
          nextBranch();
          break;
        case ';&':
          nextBranch(true);
          break;
        case ';':
          endList();
          break;
        default:
          separator satisfies never;
      }
      before = where;
      isPiped = isNegated = false;
    },
    begin: (words) => {
      if (functionHead === 1) functionHead = 0;
      before = where;
      let begun = 0;
      for (const [index, { text, isQuoted }] of words.entries()) {
        if (isQuoted) break;
        const type = opening.get(text);
        const closed = closing.get(text);
        if (type !== undefined) push(type);
        else if (closed !== undefined) pop(closed);
        else if (text === 'else' || text === 'elif') nextBranch();
        else if (text === 'then') afterCondition();
        else if (text === '!') isNegated = true;
        else if (text === 'function') functionHead = 2;
        // It has options, and may as well be a program.
        else if (text === 'time') continue;
        else if (!(going.has(text) || words[index - 1]?.text === 'function')) break;
        begun = index + 1;
        // No command follows.
        if (text === 'for' || text === 'select' || text === 'case') break;
      }
      if (words.length > 0) functionHead = 0;
      return words.slice(begun);
    },
    run: (program, rest, isWindows) => {
      if (leaving.has(program)) where = { ...where, isOver: true };
      const next = goneTo(where, program, rest, isWindows);
      const isUncertain = isPiped || isNegated;
      if (next !== where) where = isUncertain ? { ...next, folders: either(where.folders, next.folders) } : next;
      isPiped = false;
    },
    goOn: (next) => {
      where = next;
    },
  };
}

const opening: ReadonlyMap<string, Block['type']> = new Map([['{', 'braces'], ['if', 'if'], ['while', 'loop'], ['until', 'loop'], ['for', 'loop'], ['select', 'loop'], ['case', 'case']] as const);
const closing: ReadonlyMap<string, Block['type']> = new Map([['}', 'braces'], ['fi', 'if'], ['done', 'loop'], ['esac', 'case']] as const);
/** A command follows in the same place. */
const going = new Set(['do', 'coproc']);
const leaving = new Set(['exit', 'return', 'break', 'continue']);
const noBlocks = (): Record<Block['type'], number> => ({ braces: 0, if: 0, loop: 0, case: 0 });

function either(some: Folders, others: Folders): Folders {
  if (some === others || others.length === 0) return some;
  return [...new Set([...some, ...others])].slice(-mostFolders);
}

/** Where `cd`, `pushd` and `popd` lead. */
function goneTo(where: Whereabouts, program: string, rest: readonly Word[], isWindows: boolean): Whereabouts {
  const { folders, previous, pushed } = where;
  if (program === 'popd') return pushed === undefined ? where : { ...where, folders: pushed.folders, previous: folders, pushed: pushed.below };
  if (program !== 'cd' && program !== 'chdir' && program !== 'pushd') return where;
  const kept = program === 'pushd' ? { folders, below: pushed } : pushed;
  const target = rest.find(({ text }) => text === '-' || !(text.startsWith('-') || (isWindows && /^\/d$/i.test(text))));
  if (target?.text === '-') return { ...where, folders: previous, previous: folders, pushed: kept };
  if (target === undefined && program === 'pushd') return { ...where, folders: either(folders, pushed?.folders ?? []) };
  if (target === undefined || target.isExpanded || /^[~+]/.test(target.text)) return { ...where, previous: folders, pushed: kept, isLost: true };
  const isAbsolute = path.isAbsolute(target.text);
  const next = folders.map((folder) => inFolder(folder, target.text)).filter((folder) => folder.length <= longestPath);
  return { ...where, folders: where.isLost && !isAbsolute ? either(folders, next) : next.length > 0 ? [...new Set(next)] : folders, previous: folders, pushed: kept, isLost: where.isLost && !isAbsolute };
}

const changing: ReadonlyMap<string, RegExp> = new Map([
  ['env', /^(?:-[0iv]*C|--chdir(?:=|$))(.*)$/s],
  ['make', /^(?:-[bBdeikLnpqrRsStvw]*C|--directory(?:=|$))(.*)$/s],
  ['gmake', /^(?:-[bBdeikLnpqrRsStvw]*C|--directory(?:=|$))(.*)$/s],
]);

/** Where a command runs that goes there for itself: `env -C folder ./x`, `make -C folder`. */
export function goneFor(where: Whereabouts, program: string, options: readonly Word[], isWindows: boolean): Whereabouts {
  const option = changing.get(program);
  if (option === undefined) return where;
  let gone = where;
  for (const [index, word] of options.entries()) {
    const text = option.exec(word.text)?.[1];
    const target = text === '' ? options[index + 1] : text === undefined ? undefined : { ...word, text };
    if (target !== undefined) gone = goneTo(gone, 'cd', [target], isWindows);
  }
  return gone;
}

/** `file` as seen from where `folder` is seen. */
export function inFolder(folder: string, file: string): string {
  return path.isAbsolute(file) ? file : path.join(folder, file);
}
