/** The text of a command of the shell, cut into commands, their words and what is handed to them in the text itself. */

export interface Word {
  readonly text: string;
  readonly isQuoted: boolean;
  /** Something in it is only known to the shell. */
  readonly isExpanded: boolean;
}

/** What stands between `<<EOF` and `EOF`. */
export interface HereDocument {
  readonly text: string;
  /** The shell runs the commands in it whose output it stands for. */
  readonly isExpanded: boolean;
}

/** Of `>` and `>>`. */
export interface Target {
  readonly text: string;
  /** What is in it already stays. */
  readonly isAppended: boolean;
}

export interface Command {
  readonly words: readonly Word[];
  /** Of redirections. */
  readonly targets: readonly Target[];
  readonly documents: readonly HereDocument[];
}
export type Separator = ';' | ';;' | ';&' | '&' | '&&' | '|' | '||';
export type Part = { readonly type: 'open' | 'close' } | { readonly type: 'separator'; readonly separator: Separator } | ({ readonly type: 'command' } & Command);

export const assignment = /^[A-Za-z_]\w*\+?=/;

const doubles = { ';': ';;', '&': '&&', '|': '||' } as const;

/** What a command printed. */
const printed: Word = { text: '', isQuoted: false, isExpanded: true };

/** Commands in their order, what stands between them, and where parentheses or backticks are around them. */
export function commandsOf(text: string, isWindows: boolean): readonly Part[] {
  const parts: Part[] = [];
  let words: Word[] = [];
  let targets: Target[] = [];
  let documents: HereDocument[] = [];
  /** Here-documents that begin with the next line, and whose they are. */
  let announced: { readonly head: HereHead; readonly documents: HereDocument[] }[] = [];
  let unended = 0;
  let word = '';
  let isWord = false;
  let isQuoted = false;
  let isExpanded = false;
  /** Of which the name is next. */
  let target: Omit<Target, 'text'> | undefined;
  /** Of the parentheses that are open, whether they stand for what is printed in them. */
  const substitutions: boolean[] = [];
  let backticks: 'assigned' | 'printed' | undefined;

  const endWord = (): void => {
    if (isWord) {
      if (target !== undefined) targets.push({ ...target, text: word });
      else words.push({ text: word, isQuoted, isExpanded });
      target = undefined;
    }
    word = '';
    isWord = isQuoted = isExpanded = false;
  };
  const endCommand = (): void => {
    endWord();
    target = undefined;
    if (words.length > 0 || targets.length > 0 || announced.some((each) => each.documents === documents)) parts.push({ type: 'command', words, targets, documents });
    words = [];
    targets = [];
    documents = [];
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
      case '|': {
        const next = text.charAt(at + 1);
        if (character === '&' && next === '>') {
          endWord();
          break;
        }
        endCommand();
        const isDouble = character !== '\n' && next === character;
        // `;&` and `;;&`: the next branch of a `case` may follow.
        const goesOn = character === ';' && text.startsWith(isDouble ? ';&' : '&', at + 1);
        parts.push({ type: 'separator', separator: goesOn ? ';&' : isDouble ? doubles[character] : character === '\n' ? ';' : character });
        if (character === '\n') {
          for (const { head, documents: those } of announced) {
            const found = documentAt(text, at + 1, head);
            // As the `<<` of arithmetic.
            if (found === undefined) unended += 1;
            else {
              those.push(found.document);
              ({ at } = found);
            }
          }
          announced = [];
        }
        if (isDouble) at += 1;
        if (goesOn || (character === '|' && next === '&')) at += 1;
        break;
      }
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
          parts.push({ type: 'open' });
        } else {
          endCommand();
          parts.push({ type: 'close' });
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
      case '>': {
        // The number of a stream.
        if (/^\d+$/.test(word)) isWord = false;
        endWord();
        const head = isWindows || unended + announced.length >= mostUnended ? undefined : headAt(text, at);
        if (head !== undefined) {
          announced.push({ head, documents });
          at = head.end - 1;
          break;
        }
        if (character === '>') target = { isAppended: text.charAt(at + 1) === '>' };
        while ('<>&|'.includes(text.charAt(at + 1) || ' ')) at += 1;
        break;
      }
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

interface HereHead {
  readonly delimiter: string;
  readonly isQuoted: boolean;
  /** Tabs before its lines are no part of them. */
  readonly isIndented: boolean;
  /** Of the text, where the head ends. */
  readonly end: number;
}

/** After so many that are none, no more are looked for: the time would be the square of the length. */
const mostUnended = 8;

/** https://pubs.opengroup.org/onlinepubs/9799919799/utilities/V3_chap02.html#tag_19_07_04 */
function headAt(text: string, at: number): HereHead | undefined {
  const head = /<<(?!<)(-?)[ \t]*((?:\\.|'[^'\n]*'|"[^"\n]*"|[^\s;&|()<>'"\\`])+)/y;
  head.lastIndex = at;
  const [all, dash, word] = head.exec(text) ?? [];
  if (all === undefined || word === undefined) return undefined;
  const delimiter = word.replaceAll(/\\(.)|'([^']*)'|"([^"]*)"/g, '$1$2$3');
  return { delimiter, isQuoted: delimiter !== word, isIndented: dash === '-', end: at + all.length };
}

/** The here-document that begins at `start`, and where the line ends that ends it; `undefined`: no line does. */
function documentAt(text: string, start: number, { delimiter, isQuoted, isIndented }: HereHead): { readonly document: HereDocument; readonly at: number } | undefined {
  for (let line = start, end; line < text.length; line = end + 1) {
    end = text.indexOf('\n', line);
    if (end < 0) end = text.length;
    const content = text.slice(line, end);
    if ((isIndented ? content.replace(/^\t+/, '') : content) === delimiter) return { document: { text: text.slice(start, line), isExpanded: !isQuoted }, at: end };
  }
  return undefined;
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
