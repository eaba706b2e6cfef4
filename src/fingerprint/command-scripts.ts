/**
 * The scripts that a command of the shell names: they count, with every byte, for the task whose command it is.
 *
 *   MODE=1 ./one         sh two.sh && cd tools && python gen.py        if ./check; then "./my tool" --all; fi
 *   uv run python -m pkg.train        eval "python gen.py"
 *
 * Commands are told apart at the end of a line, `;`, `&`, `&&`, `|`, `||`, parentheses and backticks. Of each counts the
 * program that it starts, if its name has a folder in it, as others are looked for in PATH; what an interpreter is given
 * to run, also a module of the workspace; and every word with the ending of a script. Quoted text with a command in it
 * (`sh -c '…'`, `"$(…)"`) is looked into, and what `eval` gets. They are looked for in each folder where the command may
 * run.
 *
 * A here-document is looked into as well, unless it is only passed on (`cat <<EOF`): it may be for a shell, be written to
 * a file that is run, or be expanded with what a command prints.
 *
 * This is no shell. What it does not know: values of variables and other expansions, functions, aliases, PATH; it takes
 * words that are only printed for scripts if there are such files. So it may find too many, which costs a run when they
 * change; those of another folder than it takes for a current one it does not find.
 */
import path from 'node:path';
import { atStart, followFolders, goneFor, inFolder, type Whereabouts } from './command-folders.ts';
import { filesOfModule, foldersOfPath, givenToPython, pythonPathOf } from './command-python.ts';
import { assignment, commandsOf, type Command, type Part, type Word } from './command-words.ts';

export interface NamedScript {
  /** As a path of this system, absolute or relative to the folder in which the command runs. */
  readonly path: string;
  /** A program without the ending of a script, after other commands, which may well have compiled it. */
  readonly mayBeCompiled: boolean;
}

const interpreters = new Set(['sh', 'bash', 'zsh', 'dash', 'node', 'Rscript', 'julia', 'perl', 'ruby', 'pwsh', 'source', '.']);
const scriptName = /\.(py|ipynb|sh|bash|zsh|R|jl|m?js|ts|pl|rb|sql|ps1|bat|cmd)$/i;
/** They start the command that follows their options. */
const starters = new Set(['env', 'time', 'nohup', 'exec', 'command', 'builtin', 'nice', 'timeout', 'sudo', 'eval']);
/** What is started after them is not what they compiled; the empty one has only assignments. */
const makingNothing = new Set(['', 'cd', 'chdir', 'pushd', 'popd', 'set', 'export', 'unset', 'ulimit', 'umask', 'trap', 'echo', 'printf', 'test', '[', ':', 'true', 'mkdir', 'rm', 'ls', 'pwd', 'date', 'sleep']);
/** Their options after which a value stands. */
const valued: ReadonlyMap<string, RegExp> = new Map([
  ['env', /^(?:-[0iv]*[uC]|--unset|--chdir)$/],
  ['exec', /^-[cl]*a$/],
  ['sudo', /^(?:-[AbEHknPS]*[CDgpRTuU]|--(?:chdir|group|user))$/],
  ['timeout', /^(?:-[ks]|--kill-after|--signal)$/],
]);
/** They hand on what they are given, and run nothing of it. */
const passing = new Set(['cat', 'tee', 'grep', 'sed', 'tr', 'head', 'tail', 'sort', 'uniq', 'cut', 'wc', 'fold', 'column', 'envsubst', 'base64', 'gzip', 'jq', 'read', ':', 'true', 'echo', 'printf']);
const option = /^(?:-|\d+(?:\.\d+)?[smhd]?$)/;

/** Texts within texts beyond these are not looked into: the time would be the square of the length. */
const deepest = 8;
/** Folders in which modules are looked for. */
const mostRoots = 10;

interface NamingOptions {
  readonly isWindows?: boolean;
  /** Of the environment that the task declares. */
  readonly pythonPath?: string | undefined;
}

/** Those that a command names, each once, in their order. */
export function namedScripts(command: string, { isWindows = process.platform === 'win32', pythonPath = '' }: NamingOptions = {}): readonly NamedScript[] {
  const found = new Map<string, NamedScript>();
  const written = new Set<string>();
  // Also where an installed project in the layout of packaging tools has its packages.
  let roots: readonly string[] = [...new Set(['', 'src', ...foldersOfPath(pythonPath)])];
  let mayHaveCompiled = false;

  const read = (text: string, start: Whereabouts, depth: number): Whereabouts => {
    const follower = followFolders(start);
    const parts = commandsOf(text, isWindows);
    let parentheses = 0;
    for (const [index, part] of parts.entries()) {
      if (part.type === 'separator') follower.separator(part.separator);
      else if (part.type !== 'command') {
        follower[part.type]();
        parentheses = Math.max(0, parentheses + (part.type === 'open' ? 1 : -1));
      } else {
        const { program, isEvaluated, starting } = startOf(follower.begin(part.words));
        const words = program === undefined ? [] : part.words.slice(part.words.indexOf(program));
        const around = follower.where();
        const where = goneFor(goneFor(around, 'env', starting, isWindows), path.posix.basename(program?.text ?? ''), words.slice(1), isWindows);
        const paths = pythonPathOf(part.words);
        if (paths.length > 0) roots = [...new Set([...roots, ...paths])].slice(0, mostRoots);
        if (isEvaluated && depth < deepest && words.some(({ isQuoted }) => isQuoted)) {
          follower.goOn(read(words.map((word) => word.text).join(' '), where, depth + 1));
        } else {
          const had = mayHaveCompiled;
          for (const folder of where.folders) {
            for (const named of namedBy(part.words, words, roots, isWindows)) {
              const file = inFolder(folder, named.text);
              const mayBeCompiled = had && named.isProgram && !scriptName.test(file);
              if (!written.has(file) && found.get(file)?.mayBeCompiled !== false) found.set(file, { path: file, mayBeCompiled });
            }
          }
          for (const word of depth < deepest ? part.words : []) {
            // A program may have spaces in its name; with several lines it is what an apostrophe has made a quotation.
            const mayHoldCommand = word === program ? /\n/ : /[\s;&|()`]/;
            if (word.isQuoted && mayHoldCommand.test(word.text)) {
              mayHaveCompiled = had;
              read(word.text, where, depth + 1);
            }
          }
          for (const document of depth < deepest ? part.documents : []) {
            const isCommand = document.isExpanded && /\$\(|`/.test(document.text);
            if (!isCommand && parentheses === 0 && isOnlyPassedOn(program, parts, index, command)) continue;
            mayHaveCompiled = had;
            read(document.text, where, depth + 1);
          }
          mayHaveCompiled = had || !makingNothing.has(program?.text ?? '');
          follower.run(program?.text ?? '', words.slice(1), isWindows);
        }
        for (const folder of around.folders) for (const { text: file, isAppended } of part.targets) if (!isAppended) written.add(inFolder(folder, file));
      }
    }
    return follower.where();
  };
  read(command, atStart, 0);
  return [...found.values()];
}

interface Named {
  readonly text: string;
  readonly isProgram: boolean;
}

/** `words` from the program on. */
function namedBy(all: readonly Word[], words: readonly Word[], roots: readonly string[], isWindows: boolean): readonly Named[] {
  const named: Named[] = [];
  const add = (word: Word | undefined, isProgram: boolean): void => {
    if (word !== undefined && word.text !== '' && !word.isExpanded && !word.text.includes('\n')) named.push({ text: word.text, isProgram });
  };
  const [program, ...rest] = words;
  if (program !== undefined) {
    if (isWindows || program.text.includes('/')) add(program, true);
    if (interpreters.has(path.posix.basename(program.text))) {
      const at = rest.findIndex(({ text }) => !text.startsWith('-'));
      // After `-c` it is a command.
      if (!/^-\w*c$/.test(rest[at - 1]?.text ?? '')) add(rest[at], false);
    }
    if (!makingNothing.has(program.text)) {
      const { scripts, modules } = givenToPython(words);
      for (const script of scripts) add(script, false);
      for (const file of modules.flatMap(filesOfModule)) for (const root of roots) named.push({ text: inFolder(root, file), isProgram: false });
    }
  }
  for (const word of all) if (scriptName.test(word.text)) add(word, false);
  return named;
}

interface Start {
  /** `undefined`: there are only assignments. */
  readonly program: Word | undefined;
  /** From `env` on what stands before it. */
  readonly starting: readonly Word[];
  /** It is the first word of a text that is read as a command. */
  readonly isEvaluated: boolean;
}

function startOf(words: readonly Word[]): Start {
  let starter: string | undefined;
  let isEvaluated = false;
  let isValue = false;
  let env: number | undefined;
  let end = 0;
  for (; end < words.length; end += 1) {
    const { text } = words[end] ?? { text: '' };
    const name = path.posix.basename(text);
    if (isValue) isValue = false;
    else if (starters.has(name)) {
      starter = name;
      if (name === 'env') env ??= end;
      isEvaluated ||= text === 'eval';
    } else if (starter !== undefined && option.test(text)) isValue = valued.get(starter)?.test(text) === true;
    else if (!assignment.test(text)) break;
  }
  return { program: words[end], starting: words.slice(env ?? end, end), isEvaluated };
}

/** Whether nothing runs what this program is handed: neither what it is piped into, nor who names the file that it is written to. */
function isOnlyPassedOn(program: Word | undefined, parts: readonly Part[], index: number, text: string): boolean {
  for (let at = index, passer = program; ; at += 2) {
    const part = parts[at];
    if (part?.type !== 'command') return false;
    if (at > index) ({ program: passer } = startOf(part.words));
    if (passer === undefined || !passing.has(path.posix.basename(passer.text))) return false;
    if (filesWritten(part, passer).some((file) => text.indexOf(file) !== text.lastIndexOf(file))) return false;
    const next = parts[at + 1];
    if (next?.type !== 'separator' || next.separator !== '|') return true;
  }
}

/** Their names without folders. */
function filesWritten({ words, targets }: Command, program: Word): readonly string[] {
  const given = path.posix.basename(program.text) === 'tee' ? words.slice(words.indexOf(program) + 1).map(({ text }) => text) : [];
  return [...targets.map(({ text }) => text), ...given].filter((file) => !/^(?:-|\d+$|\/dev\/)/.test(file)).map((file) => path.posix.basename(file));
}
