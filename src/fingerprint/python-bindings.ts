/** Which names the statements of a Python module bind, as far as that can be told from their tokens; where it can't, they may. */
import { dedent, indent, newline } from './python-tokens.ts';

export const isName = (token: string | undefined): token is string => token !== undefined && /^[A-Za-z_\u0080-\uffff][\w\u0080-\uffff]*$/.test(token);
export const keywords = new Set('False None True and as assert async await break class continue def del elif else except finally for from global if import in is lambda nonlocal not or pass raise return try while with yield'.split(' '));

/** Whether anything in a module may bind a name, as its own or in a class or function. */
export function boundNames(tokens: readonly string[]): (name: string) => boolean {
  const known = new Map<string, boolean>();
  return (name) => {
    let isBound = known.get(name);
    if (isBound === undefined) known.set(name, (isBound = tokens.some((token, at) => token === name && tokens[at - 1] !== '.' && mayBeBound(tokens, at))));
    return isBound;
  };
}

const ends = new Set([newline, indent, dedent, ';']);
const binding = new Set(['for', 'as', 'del', 'global', 'nonlocal', 'import', 'def', 'class', 'case']);

/** Whether a name, or what ends with it, may be what a statement binds; not where it is an argument or an index. */
export function mayBeBound(tokens: readonly string[], at: number): boolean {
  // In an argument too.
  if (tokens[at + 1] === ':=') return true;
  let depth = 0;
  let isArgument = false;
  /** `for x in y: z = 1`: it stands in a statement of its own. */
  let follows = false;
  let start = at;
  for (; start > 0 && !ends.has(tokens[start - 1] ?? ''); start -= 1) {
    const token = tokens[start - 1] ?? '';
    if (/^[)\]}]$/.test(token)) depth += 1;
    else if (!/^[([{]$/.test(token)) {
      if (depth === 0 && token === ':') follows = true;
      if (depth === 0 && !isArgument && !follows && token === 'in') return false;
      if (depth === 0 && !isArgument && !follows && token === '->') return false;
      if (depth === 0 && !isArgument && !follows && binding.has(token)) return true;
    } else if (depth > 0) depth -= 1;
    else {
      // `{1: x}`
      follows = false;
      if (/^[)\]]$/.test(tokens[start - 2] ?? '') || (isName(tokens[start - 2]) && !keywords.has(tokens[start - 2] ?? ''))) isArgument = true;
    }
  }
  // `case Point(x)` binds `x`.
  if (isArgument) return tokens[start] === 'case';
  depth = 0;
  for (let next = at + 1; next < tokens.length && !ends.has(tokens[next] ?? ''); next += 1) {
    const token = tokens[next] ?? '';
    if (/^[([{]$/.test(token)) depth += 1;
    else if (/^[)\]}]$/.test(token)) depth -= 1;
    // `except E: x = 1`, and not `x: int = 1`.
    else if (depth === 0 && token === ':' && !follows && keywords.has(tokens[start] ?? '')) return false;
    // Nor is `int` bound by `x: int = 1`.
    else if (depth === 0 && token === '=' && follows && !keywords.has(tokens[start] ?? '') && tokens[start] !== 'case') return false;
    else if (depth <= 0 && /^(?:[-+*/%@&|^:]|\*\*|\/\/|>>|<<)?=$/.test(token)) return true;
  }
  return false;
}
