/**
 * The scripts that a command of the shell names: they count, with every byte, for the task whose command it is.
 *
 *   MODE=1 ./one         sh two.sh && cd tools && python gen.py        if ./check; then "./my tool" --all; fi
 *
 * Commands are told apart at the end of a line, `;`, `&`, `&&`, `|`, `||`, parentheses and backticks. Of each counts the
 * program that it starts, if its name has a folder in it, as others are looked for in PATH; what an interpreter is given
 * to run; and every word with the ending of a script. Quoted text with a command in it (`sh -c '…'`, `"$(…)"`) is looked
 * into. A `cd` into a folder that is written out holds until the end of its parentheses.
 *
 * This is no shell. What it does not know: values of variables and other expansions, functions, aliases, PATH, which
 * branch is taken, `pushd`; it takes the text of a here-document for commands, and words that are only printed for
 * scripts if there are such files. So it may find too many, which costs a run when they change; those of another
 * folder than it takes for the current one it does not find.
 */
import path from 'node:path';

export interface NamedScript {
  /** As a path of this system, absolute or relative to the folder in which the command runs. */
  readonly path: string;
  /** A program without the ending of a script, after other commands, which may well have compiled it. */
  readonly mayBeCompiled: boolean;
}

const interpreters = new Set(['sh', 'bash', 'zsh', 'dash', 'node', 'Rscript', 'julia', 'perl', 'ruby', 'pwsh', 'source', '.']);
const python = /^python(?:\d+(?:\.\d+)?)?$/;
const scriptName = /\.(py|ipynb|sh|bash|zsh|R|jl|m?js|ts|pl|rb|sql|ps1|bat|cmd)$/i;
/** Of the shell's language: a command follows. */
const introductions = new Set(['if', 'then', 'elif', 'else', 'while', 'until', 'do', '!', '{']);
/** They start the command that follows their options. */
const starters = new Set(['env', 'time', 'nohup', 'exec', 'command', 'nice', 'timeout', 'sudo', 'eval']);
/** What is started after them is not what they compiled; the empty one has only assignments. */
const makingNothing = new Set(['', 'cd', 'set', 'export', 'unset', 'ulimit', 'umask', 'trap', 'echo', 'printf', 'test', '[', ':', 'true', 'mkdir', 'rm', 'ls', 'pwd', 'date', 'sleep']);
const assignment = /^[A-Za-z_]\w*\+?=/;
const option = /^(?:-|\d+(?:\.\d+)?[smhd]?$)/;

/** Those that a command names, each once, in their order. */
export function namedScripts(command: string, isWindows = process.platform === 'win32'): readonly NamedScript[] {
  const found = new Map<string, NamedScript>();
  const written = new Set<string>();
  const fileOf = (text: string, folder: string): string => (path.isAbsolute(text) ? text : path.join(folder, text));

  /** Folders are relative to the one in which the command runs. */
  const read = (text: string, start: string, isAfterOthers: boolean): void => {
    let folder = start;
    let mayHaveCompiled = isAfterOthers;
    const around: string[] = [];
    for (const part of commandsOf(text, isWindows)) {
      if (part.type !== 'command') {
        if (part.type === 'open') around.push(folder);
        else folder = around.pop() ?? folder;
        continue;
      }
      const program = programOf(part.words);
      const target = program?.text === 'cd' ? targetOf(part.words) : undefined;
      if (target !== undefined) folder = fileOf(target, folder);
      for (const named of namedBy(part.words, program, isWindows)) {
        const file = fileOf(named.text, folder);
        const mayBeCompiled = mayHaveCompiled && named.isProgram && !scriptName.test(file);
        if (!written.has(file) && found.get(file)?.mayBeCompiled !== false) found.set(file, { path: file, mayBeCompiled });
      }
      for (const word of part.words) {
        // A program may have spaces in its name; with several lines it is what an apostrophe has made a quotation.
        const mayHoldCommand = word === program ? /\n/ : /[\s;&|()`]/;
        if (word.isQuoted && mayHoldCommand.test(word.text)) read(word.text, folder, mayHaveCompiled);
      }
      for (const file of part.targets) written.add(fileOf(file, folder));
      mayHaveCompiled ||= !makingNothing.has(program?.text ?? '');
    }
  };
  read(command, '', false);
  return [...found.values()];
}

interface Word {
  readonly text: string;
  readonly isQuoted: boolean;
  /** Something in it is only known to the shell. */
  readonly isExpanded: boolean;
}

interface Named {
  readonly text: string;
  readonly isProgram: boolean;
}

/** Where a `cd` goes to, if it says so. */
function targetOf([, ...rest]: readonly Word[]): string | undefined {
  const target = rest.find(({ text }) => text === '-' || !text.startsWith('-'));
  return target === undefined || target.isExpanded || target.text === '-' || target.text.startsWith('~') ? undefined : target.text;
}

function namedBy(words: readonly Word[], program: Word | undefined, isWindows: boolean): readonly Named[] {
  const named: Named[] = [];
  const add = (word: Word | undefined, isProgram: boolean): void => {
    if (word !== undefined && word.text !== '' && !word.isExpanded && !word.text.includes('\n')) named.push({ text: word.text, isProgram });
  };
  if (program !== undefined) {
    if (isWindows || program.text.includes('/')) add(program, true);
    const name = path.posix.basename(program.text);
    if (interpreters.has(name) || python.test(name)) {
      const rest = words.slice(words.indexOf(program) + 1);
      const at = rest.findIndex(({ text }) => !text.startsWith('-'));
      // After `-c` it is a command.
      if (!/^-\w*c$/.test(rest[at - 1]?.text ?? '')) add(rest[at], false);
    }
  }
  for (const word of words) if (scriptName.test(word.text)) add(word, false);
  return named;
}

/** `undefined`: there are only assignments, or a word of the shell's language. */
function programOf(words: readonly Word[]): Word | undefined {
  let isAfterStarter = false;
  return words.find(({ text }) => {
    const isStarter = starters.has(path.posix.basename(text));
    isAfterStarter ||= isStarter;
    return !isStarter && !introductions.has(text) && !assignment.test(text) && !(isAfterStarter && option.test(text));
  });
}

interface Command {
  readonly words: readonly Word[];
  /** Of redirections. */
  readonly targets: readonly string[];
}
type Part = { readonly type: 'open' | 'close' } | ({ readonly type: 'command' } & Command);

/** What a command printed. */
const printed: Word = { text: '', isQuoted: false, isExpanded: true };

/** Commands in their order, and where parentheses are around them. */
function commandsOf(text: string, isWindows: boolean): readonly Part[] {
  const parts: Part[] = [];
  let words: Word[] = [];
  let targets: string[] = [];
  let word = '';
  let isWord = false;
  let isQuoted = false;
  let isExpanded = false;
  let isTarget = false;
  /** Of the parentheses that are open, whether they stand for what is printed in them. */
  const substitutions: boolean[] = [];
  let backticks: 'assigned' | 'printed' | undefined;

  const endWord = (): void => {
    if (isWord) {
      if (isTarget) targets.push(word);
      else words.push({ text: word, isQuoted, isExpanded });
      isTarget = false;
    }
    word = '';
    isWord = isQuoted = isExpanded = false;
  };
  const endCommand = (): void => {
    endWord();
    isTarget = false;
    if (words.length > 0 || targets.length > 0) parts.push({ type: 'command', words, targets });
    words = [];
    targets = [];
  };
  const take = (some: string): void => {
    word += some;
    isWord = true;
  };

  for (let at = 0; at < text.length; at += 1) {
    const character = text.charAt(at);
    switch (character) {
      case ' ':
      case '\t':
      case '\r':
        endWord();
        break;
      case '\n':
      case ';':
      case '&':
      case '|':
        endCommand();
        break;
      case '(':
        substitutions.push(word.endsWith('$') && !assignment.test(word));
        if (word === '$') isWord = false;
        endCommand();
        parts.push({ type: 'open' });
        break;
      case ')':
        endCommand();
        parts.push({ type: 'close' });
        // What comes after what a command prints belongs to the command around it.
        if (substitutions.pop() === true) words.push(printed);
        break;
      case '`':
        if (backticks === undefined) {
          backticks = assignment.test(word) ? 'assigned' : 'printed';
          endCommand();
        } else {
          endCommand();
          if (backticks === 'printed') words.push(printed);
          backticks = undefined;
        }
        break;
      case '#':
        // A comment, where a word would begin; up to the end of the line.
        if (/[^\s;&|()<>`]/.test(text.charAt(at - 1))) take(character);
        else while (at + 1 < text.length && text.charAt(at + 1) !== '\n') at += 1;
        break;
      case '<':
      case '>':
        // The number of a stream.
        if (/^\d+$/.test(word)) isWord = false;
        endWord();
        while ('<>&|'.includes(text.charAt(at + 1) || ' ')) at += 1;
        isTarget = character === '>';
        break;
      case "'":
      case '"': {
        const end = endOfQuote(text, at);
        const inside = text.slice(at + 1, end);
        take(character === '"' ? inside.replaceAll(/\\(["\\$`])/g, '$1') : inside);
        isQuoted = true;
        isExpanded ||= character === '"' && /[$`]/.test(inside);
        at = end;
        break;
      }
      case '\\':
        if (isWindows) take(character);
        else if (text.charAt(at + 1) !== '\n') take(text.charAt(at + 1));
        if (!isWindows) at += 1;
        break;
      default:
        if ('$*?['.includes(character)) isExpanded = true;
        take(character);
    }
  }
  endCommand();
  return parts;
}

/** Of one that is not closed, the end of the text: what is in it is looked into. */
function endOfQuote(text: string, start: number): number {
  const quote = text.charAt(start);
  for (let at = start + 1; at < text.length; at += 1) {
    if (text.charAt(at) === quote) return at;
    if (quote === '"' && text.charAt(at) === '\\') at += 1;
  }
  return text.length;
}
