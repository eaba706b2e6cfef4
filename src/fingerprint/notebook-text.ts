/** What a notebook names, by which more of its text may count: of cells that are Python their tokens, of all others what they may be taken for. */
import { exactMark } from './notebook-tokens.ts';

/** Names by which a cell can come to the text or the number of cells: IPython's variables for input and output, all variables of a notebook (those are among them), and IPython's shell. */
const names =
  /\b(?:_i[hi]?|_iii|_oh|_i?\d+|get_ipython|InteractiveShell\w*|History\w+|history_manager|input_hist\w*|user_ns|__globals__|f_globals|f_locals|dump_session|dump_module)\b|(?<!\. )\b(?:globals|locals|vars)\b(?! =)|(?<!\. )\bdir \( \)|(?<!== ["'])\b__main__\b|\bmodules \[ __name__/;
/** As names, not as the first words of a text. */
const inAndOut = /\b(?:In|Out)(?=[[\])}!]| [^\w\s"']| ?$| (?:if|else|for|and|or|is|in|not|as)\b)|(["'])(?:In|Out)\1/m;

const command = '(?:(?:[lm]?p)?run|load|loadpy|pycat|pfile|psource|pdoc|pinfo2?|recall|rep|rerun|macro|save|hist|history|notebook|ed|edit|pastebin|log\\w+)';
/**
 * Of a cell that counts as it is written: help, and magics that show or run text, which in a cell of their own need no `%`.
 * What a lookahead has taken is not tried again in parts: a line of blanks would take the square of its length.
 */
const showsText = new RegExp(String.raw`^[^\w\n]*\?|^(?![ \t]*#).*\?[ \t]*(?:#.*)?$|^(?=([ \t#]*))\1(?:[\w., ]*=[ \t]*)?\S*\?[ \t]*$|%[ \t]*${command}\b|^[ \t#]*${command}(?:[ \t]+[^=\s]|[ \t]*$)`, 'm');

/** Whether a cell can come to the text or the number of cells. `text`: as `notebookText` gives it. */
export function readsCells(cells: readonly string[], text: string): boolean {
  return names.test(text) || inAndOut.test(text) || cells.some((cell) => cell.startsWith(exactMark) && showsText.test(cell.slice(exactMark.length)));
}

/** The cells as one text for patterns that expect tokens. A cell that counts as it is written stands there as it is, and with spaces between all that may be tokens. */
export function notebookText(cells: readonly string[]): string {
  return cells.map((cell) => (cell.startsWith(exactMark) ? `${cell}\n ${spaced(cell)}` : cell)).join('\n ');
}

/** Modules that a cell imports which counts as it is written, wherever on a line, and extensions of IPython that it loads. */
export function writtenImports(cell: string): readonly string[] {
  if (!cell.startsWith(exactMark)) return [];
  const text = spaced(cell);
  const found: string[] = [];
  const begins = /\bfrom (\w+(?: \. \w+)?)|\bimport ([^\n;]*)|\bload_ext ([^\s]+)/g;
  /** End of words after which no `import` follows, also not after another `from` among them. */
  let seenTo = 0;
  for (let match = begins.exec(text); match !== null; match = begins.exec(text)) {
    const [whole, module, names = '', extension] = match;
    if (extension !== undefined) {
      if (!bundled.has(extension)) found.push(extension);
    } else if (module === undefined) found.push(...names.split(',').map((name) => name.trim().split(' ')[0] ?? ''));
    else {
      const from = match.index + whole.length;
      words.lastIndex = from;
      const rest = match.index < seenTo ? '' : (words.exec(text)?.[0] ?? '');
      if (rest.includes(' import ')) {
        found.push(module.replaceAll(' ', ''));
        const end = text.indexOf('\n', from);
        begins.lastIndex = end === -1 ? text.length : end;
      } else {
        seenTo = Math.max(seenTo, from + rest.length);
        // What follows may be another's beginning.
        begins.lastIndex = match.index + 'from'.length;
      }
    }
  }
  return found;
}

const words = /[\w .]*/y;
const bundled = new Set(['autoreload', 'storemagic']);

function spaced(cell: string): string {
  return cell
    .slice(exactMark.length)
    .replace(/\\\r?\n/g, ' ')
    .replace(/[^\w\s]/g, ' $& ')
    .replace(/[ \t]+/g, ' ');
}
