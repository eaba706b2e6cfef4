/**
 * JSON of somebody else, no deeper than those who handle it go: `JSON.parse` takes any depth, and whoever walks through
 * the value or writes it again overflows the stack, V8's `JSON.stringify` between 4,000 and 5,000 levels. What is
 * accepted once comes again further inside of something else (a return in the params of the next task, those in an
 * event), and Python reads it with the 1,000 levels of its recursion limit, so this is far below.
 */

/** Levels of lists and objects. */
export const deepestNesting = 200;
/** Of a document of ours that holds values that were accepted. */
export const deepestRecorded = 1000;

/** Says by itself what is wrong; what `JSON.parse` throws names a place in the text. */
export class NestedTooDeeply extends Error {
  constructor(deepest: number) {
    super(`nested more than ${deepest} levels deep`);
  }
}

/** Throws `NestedTooDeeply`, or what `JSON.parse` throws. */
export function parseNested(json: string, deepest: number = deepestNesting): unknown {
  const value: unknown = JSON.parse(json);
  if (isNestedDeeply(json, deepest)) throw new NestedTooDeeply(deepest);
  return value;
}

/** Of a text that is JSON. */
function isNestedDeeply(json: string, deepest: number): boolean {
  // Each level has two brackets.
  if (json.length <= 2 * deepest) return false;
  let depth = 0;
  for (let at = 0; at < json.length; at += 1) {
    switch (json.charCodeAt(at)) {
      case quote:
        at = endOfString(json, at);
        break;
      case openBracket:
      case openBrace:
        depth += 1;
        if (depth > deepest) return true;
        break;
      case closeBracket:
      case closeBrace:
        depth -= 1;
        break;
      default:
    }
  }
  return false;
}

const [quote, backslash, openBracket, closeBracket, openBrace, closeBrace] = [0x22, 0x5c, 0x5b, 0x5d, 0x7b, 0x7d] as const;

/** Where its closing quote is; `at`: its opening one. A quote is escaped after an odd number of backslashes. */
function endOfString(json: string, at: number): number {
  for (let end = json.indexOf('"', at + 1); end !== -1; end = json.indexOf('"', end + 1)) {
    let before = end;
    while (json.charCodeAt(before - 1) === backslash) before -= 1;
    if ((end - before) % 2 === 0) return end;
  }
  return json.length;
}
