/** Text as a terminal shows it: widths in columns, colours that may be off, and task output made harmless. */

export type Format = 'bold' | 'dim' | 'red' | 'green' | 'yellow' | 'blue' | 'cyan';

/** Formats text, or returns it as it is when colour is off. */
export type Style = (format: Format, text: string) => string;

const codes: Readonly<Record<Format, readonly [on: number, off: number]>> = {
  bold: [1, 22],
  dim: [2, 22],
  red: [31, 39],
  green: [32, 39],
  yellow: [33, 39],
  blue: [34, 39],
  cyan: [36, 39],
};

export function createStyle(color: boolean): Style {
  if (!color) return (_format, text) => text;
  return (format, text) => (text === '' ? '' : `\u001b[${codes[format][0]}m${text}\u001b[${codes[format][1]}m`);
}

/**
 * Whether to write colours. The flag is the most specific wish; between the two variables FORCE_COLOR wins, as in
 * Node itself (`tty.WriteStream.getColorDepth`) and the tools built on it.
 */
export function wantsColor(environment: Readonly<Record<string, string | undefined>>, isTTY: boolean, noColorFlag: boolean): boolean {
  if (noColorFlag) return false;
  const force = environment['FORCE_COLOR'];
  if (force !== undefined) return force !== '0' && force !== 'false';
  if ((environment['NO_COLOR'] ?? '') !== '') return false;
  return isTTY && environment['TERM'] !== 'dumb';
}

// ECMA-48: CSI sequences, string sequences (OSC, DCS, SOS, PM, APC) up to ST or BEL, and two-character escapes; in
// their 7-bit and 8-bit forms. A string sequence that never ends takes the rest of the text with it.
const escapeSequences =
  /(?:\u001b\[|\u009b)([0-?]*)[ -/]*([@-~]?)|(?:\u001b[\]PX^_]|[\u009d\u0090\u0098\u009e\u009f])[^\u0007\u001b\u009c]*(?:\u0007|\u001b\\|\u009c|$)?|\u001b[ -/]*[0-~]?/g;
const controls = /[\u0000-\u0008\u000b-\u001a\u001c-\u001f\u007f-\u009f]/g;

/**
 * Task output without anything that moves the cursor, sets the title, or answers a query: a task's output must not be
 * able to forge other lines. SGR sequences (colours) stay when `color` is on; a line that a carriage return overwrote
 * (a progress bar) is left as it last looked.
 */
export function sanitize(text: string, color: boolean): string {
  const lines = text
    .replace(escapeSequences, (_sequence, parameters: string | undefined, final: string | undefined) =>
      color && final === 'm' && /^[\d;:]*$/.test(parameters ?? '') ? `\u001b[${parameters ?? ''}m` : '',
    )
    .split('\n')
    .map(lastOverwrite);
  const clean = lines.join('\n');
  // Only SGR sequences are left: an open one must not colour what follows.
  const last = clean.lastIndexOf('\u001b');
  return last === -1 || /^\u001b\[0?m/.test(clean.slice(last, last + 4)) ? clean : `${clean}\u001b[0m`;
}

/** What a line shows at the end, when carriage returns went back to its beginning. No expression: a line can be all of them. */
function lastOverwrite(line: string): string {
  let end = line.length;
  while (line[end - 1] === '\r') end -= 1;
  const begin = end === 0 ? 0 : line.lastIndexOf('\r', end - 1) + 1;
  return line.slice(begin, end).replace(controls, '');
}

const sgr = /\u001b\[[\d;:]*m/g;
const wide =
  /[\u1100-\u115f\u2e80-\u303e\u3041-\u33ff\u3400-\u4dbf\u4e00-\u9fff\ua000-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe4f\uff00-\uff60\uffe0-\uffe6\u{1f300}-\u{1f64f}\u{1f680}-\u{1f6ff}\u{1f900}-\u{1f9ff}\u{20000}-\u{3fffd}]/u;
const zero = /[\p{M}\u200b-\u200f\u2060\ufeff]/u;

function characterWidth(character: string): number {
  if (character < '\u0300') return 1;
  return zero.test(character) ? 0 : wide.test(character) ? 2 : 1;
}

/** Columns that `text` takes on a terminal; colours take none. */
export function displayWidth(text: string): number {
  let width = 0;
  for (const character of text.replace(sgr, '')) width += characterWidth(character);
  return width;
}

/** `text` in at most `width` columns, ended by `…` where it was cut. Colours are kept and closed. */
export function truncate(text: string, width: number): string {
  if (displayWidth(text) <= width) return text;
  if (width <= 0) return '';
  let result = '';
  let used = 0;
  let colored = false;
  for (const part of text.split(/(\u001b\[[\d;:]*m)/)) {
    if (part.startsWith('\u001b[')) {
      result += part;
      colored = true;
      continue;
    }
    for (const character of part) {
      used += characterWidth(character);
      if (used > width - 1) return `${result}…${colored ? '\u001b[0m' : ''}`;
      result += character;
    }
  }
  return result;
}

/** `text` filled with spaces to `width` columns. */
export function padEnd(text: string, width: number): string {
  return text + ' '.repeat(Math.max(0, width - displayWidth(text)));
}

export function padStart(text: string, width: number): string {
  return ' '.repeat(Math.max(0, width - displayWidth(text))) + text;
}

/** Rows under a header, columns as wide as their widest cell, two spaces apart. The last column is not filled. */
export function table(rows: readonly (readonly string[])[]): string[] {
  const widths: number[] = [];
  for (const row of rows) row.forEach((cell, column) => (widths[column] = Math.max(widths[column] ?? 0, displayWidth(cell))));
  return rows.map((row) => row.map((cell, column) => (column === row.length - 1 ? cell : padEnd(cell, widths[column] ?? 0))).join('  ').trimEnd());
}

/** `1 task`, `2 tasks`. */
export function plural(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`;
}

/** At most four significant digits: `0.9912`, `12`, `1.5e-7`. */
export function formatNumber(value: number | string): string {
  return typeof value === 'number' ? String(Number(value.toPrecision(4))) : value;
}

/** `1.2 MB`: bytes in decimal units. */
export function formatBytes(bytes: number): string {
  const units = ['B', 'kB', 'MB', 'GB', 'TB'];
  let value = bytes;
  let unit = 0;
  for (; value >= 1000 && unit < units.length - 1; unit += 1) value /= 1000;
  return `${unit === 0 ? value : value.toFixed(1)} ${units[unit] ?? ''}`;
}
