/**
 * A Python module cut into its top-level statements, each with the names that it mentions: what a function and all that
 * it may call are found from without running anything (see `function-slice.ts`).
 *
 * Only a `def` or `class` that does nothing but bind its name is a definition that can be left out: no decorators, and
 * all that Python evaluates when it comes to it (defaults, annotations, bases, the statements of the class) can neither
 * fail nor call anything. Of a function whose defaults or annotations may, those always count and its body does not. All
 * other statements always count.
 */
import { hash } from 'node:crypto';
import { boundNames, isName, keywords, mayBeBound } from './python-bindings.ts';
import { dedent, indent, newline } from './python-tokens.ts';

export interface ModulePart {
  /** `function clean`, `class Model`; empty for other statements. */
  readonly label: string;
  /** What a definition binds that can be left out; empty for what always counts. */
  readonly name: string;
  readonly digest: string;
  /** Every name in it, in strings too, with a space between. */
  readonly names: string;
  /** Names in its `import` statements. */
  readonly imports: string;
  /** `from x import a as b`: what is only brought under another name; mentioned by who uses that. */
  readonly brought?: readonly (readonly [name: string, as: string])[];
  /** What always counts of a function whose body may be left out. */
  readonly header?: { readonly digest: string; readonly names: string };
}

export interface ModuleParts {
  readonly parts: readonly ModulePart[];
  /** Statements that are in none of the parts: what a script runs. */
  readonly hasUncounted: boolean;
  /** It names what can find a function otherwise than by its name. */
  readonly isDynamic: boolean;
  /** Imported names, and attributes of them, that are used other than by a `.` or a call: if one is a module, it escapes. */
  readonly bare: readonly string[];
  /** Names under which imports bring others: `import a.b as c`. */
  readonly aliases: readonly (readonly [name: string, as: string])[];
}

const identifier = /[A-Za-z_\u0080-\uffff][\w\u0080-\uffff]*/g;
const isString = (token: string): boolean => /^\w{0,2}['"]/.test(token);
const isFormatted = (token: string): boolean => /^\w?[fFtT]\w?['"]/.test(token);

/** What an argument of a call is made of as long as that is plain: no strings with quotes or brackets, calls up to three deep. */
const atom = String.raw`[^(),*\n"']|"[^"\n()]*"`;
const plain = [1, 2, 3].reduce((inner) => String.raw`${atom}|\((?:${inner}|[,*])*\)`, atom);

/**
 * Besides what reads docstrings, which is looked for in `meaning.ts`. Tokens have a space between them, which the pattern
 * relies on; in strings too, as they may name or run code.
 */
const dynamic = new RegExp(
  [
    // Namespaces, frames and modules as values.
    String.raw`(?<!\bfrom )\bmodules\b|\b(?:meta_path|path_hooks|__path__|__globals__|methodcaller|_getframe|currentframe|(?:f|tb|gi|cr|ag)_(?:globals|locals|back|builtins|frame)|__subclasses__|__self__|gc|settrace|setprofile|addaudithook|breakpoint)\b|\. (?:eval|query) \(|(?!\bobject\b)\b\w+ \. __(?:dir|getstate|setattr|delattr)__`,
    // What names functions from data, runs code in text, or starts another Python.
    String.raw`\b(?:\w*[pP]ickle\w*|shelve|marshal|dill|copyreg|__reduce\w*|dictConfig|fileConfig|timeit|duckdb|IPython|get_ipython|unsafe_load\w*|full_load\w*|\w*Loader|\w*subprocess\w*|[pP]open\w*|(?<!platform \. )system|spawn\w*|posix_spawn\w*|exec[lv]\w*)\b`,
    String.raw`module:\/\/|\bplotting ?\. ?backend\b|\bimport \*|\b(?:read_hdf|HDFStore|read_array|deserialize)\b|\byaml \. load(?:_all)?\b|\bfrom yaml import [^\n]*\bload|\byaml as\b`,
    String.raw`\bjoblib (?:\. load|as)\b|\bfrom joblib import [^\n]*\bload\b|(?<!\bimport\b[^\n]*)(?:[=([{,:]|\breturn) joblib\b(?! \.)`,
    // The third argument of numpy's `load` may be `allow_pickle`.
    String.raw`\b(?:np|numpy) \. load\b(?! \((?:${plain})*(?:,(?:${plain})*)?\))|\bfrom numpy import [^\n]*\bload\b|(?<!\. )\bnumpy as (?!np\b)`,
    // Annotations that are text.
    String.raw`\b(?:get_type_hints|get_annotations|ForwardRef|__annotations__|evaluate_forward_ref)\b`,
  ].join('|'),
);

export function moduleParts(raw: readonly string[], code: string): ModuleParts {
  // What Python takes for a name it does not take for a keyword, whatever it looks like.
  const tokens = raw.map((token) => (isName(token) && !keywords.has(normal(token)) ? normal(token) : token));
  const statements = topLevel(tokens);
  const isLazy = statements.some(({ line }) => /^from __future__ import .*\bannotations\b/.test(line.join(' ')));
  const module: ModuleTokens = { tokens, isLazy, isBound: boundNames(tokens) };
  const parts: ModulePart[] = [];
  let hasUncounted = false;
  let decorated: string[] = [];
  for (const [index, { line, body }] of statements.entries()) {
    const text = [...decorated, ...line, ...body];
    if (line[0] === '@') {
      decorated = text;
      continue;
    }
    const isDecorated = decorated.length > 0;
    decorated = [];
    const follows = statements[index + 1]?.line[0];
    // What is run as a script only; that this module is not, is said by the `call` that it belongs to.
    if (line.slice(0, 5).join(' ') === 'if __name__ == "__main__" :' && follows !== 'else' && follows !== 'elif') {
      hasUncounted = true;
      continue;
    }
    parts.push((isDecorated ? undefined : (functionPart(line, body, module) ?? classPart(line, body, module))) ?? alwaysPart(text, labelOf(line)));
  }
  if (decorated.length > 0) parts.push(alwaysPart(decorated));
  return { parts, hasUncounted, isDynamic: dynamic.test(code) || replacesNames(tokens) || statements.some((statement) => importsInClass(statement)), ...importedUses(tokens) };
}

interface ModuleTokens {
  readonly tokens: readonly string[];
  /** Annotations are not evaluated. */
  readonly isLazy: boolean;
  /** Whether anything in the module may bind this name, as its own or in a class or function. */
  readonly isBound: (name: string) => boolean;
}

/** A module as an attribute of a class, `A.tools`, is used as a value unseen. */
function importsInClass({ line, body }: Statement, isInClass = false): boolean {
  const [kind = ''] = line;
  if ((isInClass || kind === 'class') && line.includes('import')) return true;
  if (!body.includes('import')) return false;
  const isWithin = kind === 'class' || (isInClass && kind !== 'def' && kind !== 'async');
  return topLevel(body.slice(1, -1)).some((each) => importsInClass(each, isWithin));
}

/** What a module relies on: that it is no script, and built-in names, which may be replaced from another one. */
const reliedOn = /^(?:__name__|object|property|staticmethod|classmethod|\w*(?:Error|Exception|Warning))$/;

function replacesNames(tokens: readonly string[]): boolean {
  const imported = new Set(importLines(tokens).flatMap((line) => line.tokens));
  return tokens.some((token, at) => (token === '__name__' || (tokens[at - 1] === '.' && (reliedOn.test(token) || (generics.has(token) && mayBeOfModule(tokens, at, imported))))) && mayBeBound(tokens, at));
}

/** Whether `at`, an attribute, may be one of a module: not that of a name which no import brings, as `self.list`. */
function mayBeOfModule(tokens: readonly string[], at: number, imported: ReadonlySet<string>): boolean {
  let root = at;
  while (tokens[root - 1] === '.') root -= 2;
  const name = tokens[root];
  return !isName(name) || keywords.has(name) || imported.has(name);
}

interface Statement {
  /** A logical line with its end. */
  readonly line: readonly string[];
  /** The indented lines after it. */
  readonly body: readonly string[];
}

function topLevel(tokens: readonly string[]): readonly Statement[] {
  const statements: Statement[] = [];
  for (let at = 0; at < tokens.length; ) {
    let end = at;
    while (end < tokens.length && tokens[end] !== newline) end += 1;
    end += 1;
    let after = end;
    if (tokens[after] === indent) {
      let depth = 0;
      do {
        if (tokens[after] === indent) depth += 1;
        else if (tokens[after] === dedent) depth -= 1;
        after += 1;
      } while (depth > 0 && after < tokens.length);
    }
    statements.push({ line: tokens.slice(at, end), body: tokens.slice(end, after) });
    at = after;
  }
  return statements;
}

/** Of a definition that counts whatever mentions it. */
function labelOf(line: readonly string[]): string {
  const [kind, name = ''] = line[0] === 'async' ? line.slice(1) : line;
  return kind === 'def' ? `function ${name}` : kind === 'class' ? `class ${name}` : '';
}

function alwaysPart(text: readonly string[], label = ''): ModulePart {
  const brought = text[0] === 'from' && text.lastIndexOf(newline) === text.length - 1 && !text.includes(';') ? broughtBy(text) : undefined;
  // What is brought is mentioned by those who use it.
  const counted = brought === undefined ? text : text.slice(0, text.indexOf('import'));
  return { label, name: '', digest: digest(text), names: namesIn(counted), imports: importNames(text), ...(brought !== undefined && { brought }) };
}

/** Of `from x import (a, b as c)`; `undefined` for another form. */
function broughtBy(text: readonly string[]): readonly (readonly [string, string])[] | undefined {
  const list = text.slice(text.indexOf('import') + 1, -1).filter((token) => token !== '(' && token !== ')' && token !== ',');
  const brought: [string, string][] = [];
  for (let at = 0; at < list.length; ) {
    const [name, as, alias] = [list[at], list[at + 1], list[at + 2]];
    if (!isName(name) || keywords.has(name)) return undefined;
    if (as === 'as' && isName(alias)) {
      brought.push([normal(name), normal(alias)]);
      at += 3;
    } else {
      brought.push([normal(name), normal(name)]);
      at += 1;
    }
  }
  return brought;
}

function functionPart(line: readonly string[], body: readonly string[], module: ModuleTokens): ModulePart | undefined {
  const at = line[0] === 'async' ? 1 : 0;
  const name = line[at + 1];
  if (line[at] !== 'def' || !canBeLeftOut(name) || line[at + 2] !== '(') return undefined;
  const end = endOfHeader(line, at + 2);
  if (end === undefined) return undefined;
  const header = line.slice(0, end);
  const text = [...line, ...body];
  return {
    label: `function ${name}`,
    name: normal(name),
    digest: digest(text),
    names: namesIn(text),
    imports: importNames(text),
    ...(!isHarmlessHeader(header.slice(at + 2, -1), module) && { header: { digest: digest(header), names: namesIn(header.slice(at + 2)) } }),
  };
}

/** Python looks for some names by itself, and writes `__x` in a class `C` as `_C__x`. */
function canBeLeftOut(name: string | undefined): name is string {
  return isName(name) && !/^__|^_.*__/.test(name);
}

/** Index after the `:` of the header. */
function endOfHeader(line: readonly string[], from: number): number | undefined {
  let depth = 0;
  for (let at = from; at < line.length; at += 1) {
    const token = line[at] ?? '';
    if (token === '(' || token === '[' || token === '{') depth += 1;
    else if (token === ')' || token === ']' || token === '}') depth -= 1;
    else if (token === ':' && depth === 0) return at + 1;
  }
  return undefined;
}

/** Names that are there wherever they are asked for: to look one up can neither fail nor do anything. */
const builtinTypes = new Set(['int', 'str', 'float', 'bool', 'bytes', 'list', 'dict', 'set', 'tuple', 'object', 'complex', 'type', 'None']);
/** Those that take anything in brackets, also what is in the others' place. */
const generics = new Set(['list', 'dict', 'set', 'frozenset', 'tuple']);

/** `( a , b : int = 1 ) -> str`: whether Python evaluates nothing in it that could fail or call something. */
function isHarmlessHeader(tokens: readonly string[], module: ModuleTokens): boolean {
  const params: string[][] = [[]];
  let depth = 0;
  let end = 0;
  for (const [index, token] of tokens.entries()) {
    if (token === ')' || token === ']' || token === '}') depth -= 1;
    if (depth === 0 && index > 0) {
      end = index + 1;
      break;
    }
    if (depth === 1 && token === ',') params.push([]);
    else if (depth > 0) params.at(-1)?.push(token);
    if (token === '(' || token === '[' || token === '{') depth += 1;
  }
  const result = tokens.slice(end);
  if (result.length > 0 && !(result[0] === '->' && isHarmlessAnnotation(result.slice(1), module))) return false;
  return params.every((param) => {
    const rest = param.filter((token, index) => !(index === 0 && (token === '*' || token === '**' || token === '/')));
    if (rest.length === 0) return true;
    if (!isName(rest[0])) return false;
    const equals = outside(rest, '=');
    const annotation = rest[1] === ':' ? rest.slice(2, equals ?? rest.length) : undefined;
    if (annotation === undefined && rest.length > 1 && rest[1] !== '=') return false;
    return (annotation === undefined || isHarmlessAnnotation(annotation, module)) && (equals === undefined || isLiteral(rest.slice(equals + 1)));
  });
}

/** Index of a token outside of all brackets. */
function outside(tokens: readonly string[], wanted: string): number | undefined {
  let depth = 0;
  for (const [index, token] of tokens.entries()) {
    if (token === '(' || token === '[' || token === '{') depth += 1;
    else if (token === ')' || token === ']' || token === '}') depth -= 1;
    else if (depth === 0 && token === wanted) return index;
  }
  return undefined;
}

/** With `from __future__ import annotations` none is evaluated. */
function isHarmlessAnnotation(tokens: readonly string[], { isLazy, isBound }: ModuleTokens): boolean {
  if (isLazy) return !tokens.some((token) => token === ':=' || token === 'yield' || token === 'await');
  const [only = ''] = tokens;
  if (tokens.length === 1) return builtinTypes.has(only) || (isString(only) && !isFormatted(only));
  return endOfGeneric(tokens, 0, isBound) === tokens.length;
}

/** Index after `list [ int ]`, `dict [ str , tuple [ "A" , ... ] ]`; `undefined`: not such a type, or of a name that is bound anew. */
function endOfGeneric(tokens: readonly string[], from: number, isBound: (name: string) => boolean): number | undefined {
  const name = tokens[from] ?? '';
  if (!generics.has(name) || isBound(name) || tokens[from + 1] !== '[') return undefined;
  for (let at = from + 2; ; at += 1) {
    const item = tokens[at] ?? '';
    const isSimple = item === '...' || (isString(item) ? !isFormatted(item) : (builtinTypes.has(item) || generics.has(item)) && !isBound(item));
    const end = tokens[at + 1] === '[' ? endOfGeneric(tokens, at, isBound) : isSimple ? at + 1 : undefined;
    if (end === undefined) return undefined;
    at = end;
    if (tokens[at] === ',' && tokens[at + 1] === ']') at += 1;
    if (tokens[at] === ']') return at + 1;
    if (tokens[at] !== ',') return undefined;
  }
}

function isLiteral(tokens: readonly string[]): boolean {
  const isSimple = (token: string | undefined): boolean => token !== undefined && (/^\.?\d/.test(token) || token === 'None' || token === 'True' || token === 'False' || token === '...' || (isString(token) && !isFormatted(token)));
  const [first, ...rest] = tokens;
  const last = rest.pop();
  if (last === undefined) return isSimple(first);
  if (first === '-') return rest.length === 0 && /^\.?\d/.test(last);
  if (!(first === '(' && last === ')') && !(first === '[' && last === ']') && !(first === '{' && last === '}' && rest.length === 0)) return false;
  return rest.every((token, index) => (index % 2 === 0 ? isSimple(token) : token === ','));
}

function classPart(line: readonly string[], body: readonly string[], module: ModuleTokens): ModulePart | undefined {
  const name = line[1];
  if (line[0] !== 'class' || !canBeLeftOut(name)) return undefined;
  const end = endOfHeader(line, 2);
  if (end === undefined) return undefined;
  const bases = line.slice(2, end - 1).filter((token) => token !== '(' && token !== ')');
  if (bases.length > 1 || !bases.every((base) => isPlainBase(base) && isOnlyUsed(module.tokens, base))) return undefined;
  const statements = topLevel(end < line.length - 1 ? line.slice(end) : body.slice(1, -1));
  let isDecorated = false;
  for (const statement of statements) {
    const decorator = statement.line[1] ?? '';
    if (statement.line[0] === '@') {
      if (statement.line.length !== 3 || !decorators.has(decorator) || !isOnlyUsed(module.tokens, decorator)) return undefined;
      isDecorated = true;
      continue;
    }
    if (!isHarmlessInClass(statement, module, isDecorated)) return undefined;
    isDecorated = false;
  }
  const text = [...line, ...body];
  return { label: `class ${name}`, name: normal(name), digest: digest(text), names: namesIn(text), imports: importNames(text) };
}

const decorators = new Set(['property', 'staticmethod', 'classmethod']);

function isPlainBase(base: string): boolean {
  return base === 'object' || /^(?:Exception|(?:Value|Type|Key|Index|Runtime|Lookup|Arithmetic|Attribute|NotImplemented|Assertion|Timeout)Error|(?:User|Runtime)Warning)$/.test(base);
}

function isHarmlessInClass({ line, body }: Statement, module: ModuleTokens, isDecorated: boolean): boolean {
  const at = line[0] === 'async' ? 1 : 0;
  if (line[at] === 'def') {
    const end = line[at + 2] === '(' ? endOfHeader(line, at + 2) : undefined;
    return end !== undefined && isHarmlessHeader(line.slice(at + 2, end - 1), module);
  }
  const [name, next] = line;
  if (isDecorated || body.length > 0 || !isName(name)) return false;
  const rest = line.slice(1, -1);
  if (name === 'pass') return rest.length === 0;
  if (keywords.has(name) || name.startsWith('__')) return false;
  const equals = outside(rest, '=');
  const value = equals === undefined ? undefined : rest.slice(equals + 1);
  const isFine = value === undefined || isLiteral(value);
  if (next === '=') return isFine;
  return next === ':' && isFine && isHarmlessAnnotation(rest.slice(1, equals ?? rest.length), module);
}

/** Whether a built-in name is what it is everywhere: nothing in the module could bind it to something else. */
function isOnlyUsed(tokens: readonly string[], name: string): boolean {
  for (let at = tokens.indexOf(name); at >= 0; at = tokens.indexOf(name, at + 1)) {
    const [previous = '', next = ''] = [tokens[at - 1], tokens[at + 1]];
    const isBase = previous === '(' && tokens[at - 3] === 'class' && next === ')';
    const isHandled = previous === 'except' && (next === ':' || next === 'as');
    const isRaised = previous === 'raise' && (next === '(' || next === newline);
    const isDecorator = previous === '@' && next === newline;
    if (!isBase && !isHandled && !isRaised && !isDecorator) return false;
  }
  return true;
}

function digest(tokens: readonly string[]): string {
  return hash('sha256', tokens.join(' '), 'hex').slice(0, 32);
}

/** As Python compares names. */
function normal(name: string): string {
  return name.normalize('NFKC');
}

function namesIn(tokens: readonly string[]): string {
  const names = new Set<string>();
  const add = (text: string): void => {
    for (const [name] of text.matchAll(identifier)) if (!keywords.has(name)) names.add(normal(name));
  };
  for (const token of tokens) {
    if (isString(token)) {
      add(token);
      // `\nclean` holds a name too.
      if (token.includes('\\')) add(token.replace(/\\./g, ' '));
    } else if (isName(token)) add(token);
  }
  return [...names].join(' ');
}

interface ImportLine {
  readonly at: number;
  readonly tokens: readonly string[];
}

function importLines(tokens: readonly string[]): readonly ImportLine[] {
  const lines: ImportLine[] = [];
  for (let at = 0; at < tokens.length; at += 1) {
    if (tokens[at] !== 'import' && tokens[at] !== 'from') continue;
    let end = at;
    while (end < tokens.length && tokens[end] !== newline && tokens[end] !== ';') end += 1;
    const line = tokens.slice(at, end);
    // `raise x from y` and `yield from x` import nothing.
    if (!line.includes('import')) continue;
    lines.push({ at, tokens: line });
    at = end;
  }
  return lines;
}

function importNames(tokens: readonly string[]): string {
  return namesIn(importLines(tokens).flatMap((line) => line.tokens));
}

/** Names, and attributes of them, with what shows that they are called. */
const useInText = /([A-Za-z_\u0080-\uffff][\w\u0080-\uffff]*)(?:\s*\.\s*([A-Za-z_\u0080-\uffff][\w\u0080-\uffff]*))*(\s*\()?/g;

/** Names in an f-string that are used other than by a `.` or a call; what is before its first field and after its last is text. */
function bareInFormatted(token: string): readonly string[] {
  const start = /^(?:[^{]+|\{\{)*/.exec(token)?.[0].length ?? 0;
  const fields = token.slice(start, token.lastIndexOf('}') + 1);
  return [...fields.matchAll(useInText)].flatMap(([, name = '', attribute = name, called]) => (called === undefined ? [normal(attribute)] : []));
}

/** What imports bind, uses of it as a value, and the names under which others are brought. */
function importedUses(tokens: readonly string[]): Pick<ModuleParts, 'bare' | 'aliases'> {
  const bound = new Set<string>();
  const aliases: [string, string][] = [];
  const lines = importLines(tokens);
  for (const { tokens: line } of lines) {
    for (const [index, token] of line.entries()) {
      if (!isName(token) || keywords.has(token)) continue;
      bound.add(normal(token));
      const alias = line[index + 2];
      if (line[index + 1] === 'as' && alias !== undefined) aliases.push([normal(token), normal(alias)]);
    }
  }
  const ends = new Map(lines.map((line) => [line.at, line.at + line.tokens.length]));
  const bare = new Set<string>();
  for (let at = 0; at < tokens.length; at += 1) {
    at = ends.get(at) ?? at;
    const token = tokens[at] ?? '';
    if (isString(token) && isFormatted(token)) for (const name of bareInFormatted(token)) bare.add(name);
    if (!isName(token) || tokens[at - 1] === '.' || !bound.has(normal(token))) continue;
    while (tokens[at + 1] === '.' && isName(tokens[at + 2])) at += 2;
    if (tokens[at + 1] !== '(') bare.add(normal(tokens[at] ?? ''));
  }
  return { bare: [...bare], aliases };
}
