/**
 * Python source as the tokens that its meaning depends on: what comments, blank lines, spaces between tokens and line
 * breaks in brackets look like is left out, all else stays. Two sources with the same text have the same syntax tree.
 *
 * Lexed by hand after Python's "Lexical analysis" (docs.python.org/3/reference/lexical_analysis.html), as a parser would
 * have to know the syntax of each Python version to be believed, and this need not: what follows a token never changes
 * how it is cut. f-strings are cut as since Python 3.12 (PEP 701); an older Python takes those that differ for mistakes.
 * What is not understood has no tokens, and then the bytes of the file count: never guess.
 *
 * Layout of the text: tokens with a space between, `\n` for the end of a logical line, \x01 indent, \x02 dedent.
 */
export interface PythonTokens {
  /** The text without docstrings. */
  readonly code: string;
  /** The text with docstrings; the same string where there are none. */
  readonly withDocstrings: string;
}

export interface PythonTokenList extends PythonTokens {
  /** The tokens that `code` is made of. */
  readonly tokens: readonly string[];
}

export interface TokenOptions {
  /** False for a notebook's cell, whose first string is no docstring but may be its output. */
  readonly moduleDocstring?: boolean;
}

const space = /[ \t\f]*/y;
const comment = /#[^\n]*/y;
const word = /[A-Za-z_\u0080-\uffff][\w\u0080-\uffff]*/y;
/** Longer than Python's where letters follow (`1if`): cut at other places it would be another text, never the same one. */
const number = /\.?\d(?:[eE][+-]|[\w.\u0080-\uffff])*/y;
const operator = /\*\*=|\/\/=|>>=|<<=|\.\.\.|!=|->|:=|==|<=|>=|<>|\*\*|\/\/|>>|<<|[-+*/%@&|^]=|[-+*/%@&|^~<>=()[\]{},:.;]/y;
const something = /\S/g;
const stringStart = /([rR]?[bBfFtT]?|[bBfFtT][rR]|[uU])('''|"""|'|")/y;
/** Words after which a bracket opens a tuple or group, not a call. */
const notCalled = new Set('False None True and as assert async await break class continue def del elif else except finally for from global if import in is lambda nonlocal not or pass raise return try while with yield match case type'.split(' '));

export const indent = '\x01';
export const dedent = '\x02';
export const newline = '\n';

interface Bracket {
  readonly closer: string;
  /** A call, a list, a set or a dictionary: the comma after its only item says nothing. */
  readonly single: boolean;
  commas: number;
  /** `lambda`s whose `:` is still to come: their commas are their own. */
  lambdas: number;
  comprehension: boolean;
}

/** `undefined`: not understood. */
export function pythonTokens(source: string, { moduleDocstring = true }: TokenOptions = {}): PythonTokenList | undefined {
  // A mistake even in a comment.
  if (source.includes('\0')) return undefined;
  // As Python reads it, in strings too.
  const text = source.replace(/^\ufeff/, '').replace(/\r\n?/g, '\n');
  const code: string[] = [];
  /** Docstrings by where they would stand in `code`. */
  const docstrings: { readonly at: number; readonly tokens: readonly string[] }[] = [];
  const brackets: Bracket[] = [];
  /** Columns with tabs to the next multiple of 8, and with tabs as one: where the two disagree Python refuses the file. */
  const indents: [column: number, narrow: number][] = [[0, 0]];
  let at = 0;
  let lineStart = 0;
  let isLineStart = true;
  /** A docstring may come: at the start of the module, or of the body of a `def` or `class`. */
  let mayBeDocstring = moduleDocstring;
  /** The last line began a `def` or `class`. */
  let opensScope = false;
  /** A docstring is, so far, all of a body. */
  let isOnlyStatement = false as boolean;

  const match = (pattern: RegExp): string | undefined => {
    pattern.lastIndex = at;
    return pattern.exec(text)?.[0];
  };

  const endLine = (): void => {
    const line = code.slice(lineStart);
    if (mayBeDocstring && line.length > 0 && line.every(isDocstringPart)) {
      code.length = lineStart;
      docstrings.push({ at: lineStart, tokens: [...line, newline] });
      // A body must have something in it: without a word a docstring alone would be like no body.
      if (code.at(-1) === indent) isOnlyStatement = true;
    } else {
      code.push(newline);
    }
    mayBeDocstring = false;
    const opens = line[0] === 'async' ? line[1] : line[0];
    opensScope = (opens === 'def' || opens === 'class') && line.at(-1) === ':';
    lineStart = code.length;
    isLineStart = true;
  };

  for (;;) {
    if (isLineStart && brackets.length === 0) {
      let [column, narrow] = [0, 0];
      for (; ; at += 1) {
        const char = text[at];
        if (char === ' ') [column, narrow] = [column + 1, narrow + 1];
        else if (char === '\t') [column, narrow] = [(Math.floor(column / 8) + 1) * 8, narrow + 1];
        else if (char === '\f') [column, narrow] = [0, 0];
        else break;
      }
      const char = text[at];
      if (char === '\\') return undefined;
      if (char === '#') {
        // The end of its line is taken next, as that of a blank line.
        at += match(comment)?.length ?? 0;
        continue;
      }
      if (char === '\n') {
        at += 1;
        continue;
      }
      if (char === undefined) break;
      let top = indents.at(-1) ?? [0, 0];
      if (column > top[0]) {
        if (narrow <= top[1]) return undefined;
        indents.push([column, narrow]);
        code.push(indent);
        mayBeDocstring = opensScope;
      } else {
        while (column < top[0]) {
          indents.pop();
          if (isOnlyStatement) code.push('"');
          isOnlyStatement = false;
          code.push(dedent);
          top = indents.at(-1) ?? [0, 0];
        }
        if (column !== top[0] || narrow !== top[1]) return undefined;
      }
      isOnlyStatement = false;
      opensScope = false;
      lineStart = code.length;
      isLineStart = false;
    }
    at += match(space)?.length ?? 0;
    const char = text[at];
    if (char === undefined) break;
    if (char === '\n') {
      at += 1;
      if (brackets.length === 0) endLine();
      continue;
    }
    if (char === '#') {
      at += match(comment)?.length ?? 0;
      continue;
    }
    if (char === '\\') {
      if (text[at + 1] !== '\n') return undefined;
      at += 2;
      something.lastIndex = at;
      if (!something.test(text)) return undefined;
      continue;
    }
    const start = match(stringStart);
    if (start !== undefined) {
      const quote = start.endsWith('"""') || start.endsWith("'''") ? start.slice(-3) : start.slice(-1);
      const prefix = start.slice(0, start.length - quote.length);
      const end = /[ft]/i.test(prefix) ? endOfFormatted(text, at + start.length, quote, !/r/i.test(prefix)) : endOfString(text, at + start.length, quote);
      if (end === undefined) return undefined;
      const content = text.slice(at + start.length, end - quote.length);
      // The kind of quotes says nothing unless something in the string is written for it.
      code.push(/['"\\\n]/.test(content) ? text.slice(at, end) : `${prefix}"${content}"`);
      at = end;
      continue;
    }
    const token = match(word) ?? match(number) ?? match(operator);
    if (token === undefined) return undefined;
    at += token.length;
    const bracket = brackets.at(-1);
    if (token === '(' || token === '[' || token === '{') {
      const before = code.length > lineStart ? code.at(-1) : undefined;
      const follows = before !== undefined && (/^[)\]}]$/.test(before) || /^[A-Za-z_\u0080-\uffff][\w\u0080-\uffff]*$/.test(before)) && !notCalled.has(before);
      // `match[a,]:` is a subscript or a pattern, so what stands before a list is asked for narrowly.
      const isDisplay = token === '{' || (token === '[' && before !== undefined && /^[=(,:[{]$/.test(before));
      brackets.push({ closer: token === '(' ? ')' : token === '[' ? ']' : '}', single: isDisplay || (token === '(' && follows), commas: 0, lambdas: 0, comprehension: false });
    } else if (token === ')' || token === ']' || token === '}') {
      if (bracket?.closer !== token) return undefined;
      brackets.pop();
      const [previous, item] = [code.at(-1), code.at(-2)];
      if (previous === ',' && item !== undefined && !/^[([{,*]$|^\*\*$/.test(item) && !bracket.comprehension && bracket.lambdas === 0 && bracket.commas > (bracket.single ? 0 : 1)) code.pop();
    } else if (bracket !== undefined) {
      if (token === ',' && bracket.lambdas === 0) bracket.commas += 1;
      else if (token === 'lambda') bracket.lambdas += 1;
      else if (token === ':' && bracket.lambdas > 0) bracket.lambdas -= 1;
      else if (token.endsWith('for')) bracket.comprehension = true;
    }
    code.push(token);
  }
  if (brackets.length > 0) return undefined;
  if (!isLineStart) endLine();
  for (let level = indents.length; level > 1; level -= 1) {
    if (isOnlyStatement) code.push('"');
    isOnlyStatement = false;
    code.push(dedent);
  }
  return { tokens: code, code: code.join(' '), withDocstrings: docstrings.length === 0 ? code.join(' ') : withThem(code, docstrings) };
}

function withThem(code: readonly string[], docstrings: readonly { readonly at: number; readonly tokens: readonly string[] }[]): string {
  const all: string[] = [];
  let from = 0;
  for (const { at, tokens } of docstrings) {
    all.push(...code.slice(from, at), ...tokens);
    from = at;
  }
  return [...all, ...code.slice(from)].join(' ');
}

/** Bytes and f-strings are no docstrings. One with escapes that Python may refuse stays, as it is a mistake to find. */
function isDocstringPart(token: string): boolean {
  return /^[rRuU]?['"]/.test(token) && !/\\[uUxN]/.test(token);
}

/** Index after the closing quote. */
function endOfString(text: string, from: number, quote: string): number | undefined {
  for (let at = from; at < text.length; at += 1) {
    if (text[at] === '\\') at += 1;
    else if (text[at] === '\n' && quote.length === 1) return undefined;
    else if (text.startsWith(quote, at)) return at + quote.length;
  }
  return undefined;
}

/** The same of an f-string or t-string, in whose `{…}` other strings may have the same quotes. */
function endOfFormatted(text: string, from: number, quote: string, escapes: boolean): number | undefined {
  for (let at = from; at < text.length; ) {
    if (text.startsWith(quote, at)) return at + quote.length;
    const char = text[at];
    if (char === '\n' && quote.length === 1) return undefined;
    if (char === '\\') {
      const next = text[at + 1];
      if (escapes && next === 'N' && text[at + 2] === '{') {
        const end = text.indexOf('}', at);
        if (end < 0) return undefined;
        at = end + 1;
      } else at += next === '{' || next === '}' ? 1 : 2;
    } else if (char === '{' && text[at + 1] === '{') at += 2;
    else if (char === '{') {
      const end = endOfReplacement(text, at + 1, quote);
      if (end === undefined) return undefined;
      at = end;
    } else at += 1;
  }
  return undefined;
}

/** Index after the `}` of a replacement field that begins at `from`. */
function endOfReplacement(text: string, from: number, quote: string): number | undefined {
  const open: string[] = [];
  for (let at = from; at < text.length; ) {
    const char = text[at] ?? '';
    stringStart.lastIndex = at;
    const start = /\w/.test(text[at - 1] ?? '') ? undefined : stringStart.exec(text);
    if (start) {
      const [whole, prefix = '', inner = ''] = start;
      const end = /[ft]/i.test(prefix) ? endOfFormatted(text, at + whole.length, inner, !/r/i.test(prefix)) : endOfString(text, at + whole.length, inner);
      if (end === undefined) return undefined;
      at = end;
      continue;
    }
    if (char === '#') {
      const end = text.indexOf('\n', at);
      if (end < 0) return undefined;
      at = end;
    } else if (char === '(' || char === '[' || char === '{') open.push(char === '(' ? ')' : char === '[' ? ']' : '}');
    else if (open.length > 0 && (char === ')' || char === ']' || char === '}')) {
      if (open.pop() !== char) return undefined;
    } else if (char === '}') return at + 1;
    else if (char === ')' || char === ']' || char === '\\') return undefined;
    else if (char === ':' && open.length === 0) return endOfFormat(text, at + 1, quote);
    at += 1;
  }
  return undefined;
}

/** Index after the `}` that ends a format specification, in which fields may stand. */
function endOfFormat(text: string, from: number, quote: string): number | undefined {
  for (let at = from; at < text.length; ) {
    const char = text[at];
    if (char === '}') return at + 1;
    if (text.startsWith(quote, at) || (char === '\n' && quote.length === 1)) return undefined;
    if (char === '{') {
      const end = endOfReplacement(text, at + 1, quote);
      if (end === undefined) return undefined;
      at = end;
    } else at += 1;
  }
  return undefined;
}
