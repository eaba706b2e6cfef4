import { sanitize } from '../text.ts';

/**
 * Joins the chunks of one stream of a task into whole lines, made harmless. A control sequence that a chunk's end cut
 * in two is whole again within its line.
 */
export interface OutputLines {
  /** The lines that `text` completed. */
  readonly push: (text: string) => string[];
  /** The line that was begun and not ended, if there is one. */
  readonly end: () => string[];
  /** The last line that says something, complete or not. */
  readonly last: () => string | undefined;
}

/** A task that prints without line breaks must not fill the memory. */
const longestLine = 64 * 1024;

export function createOutputLines(color: boolean): OutputLines {
  let rest = '';
  let last: string | undefined;
  const clean = (line: string): string => {
    const text = sanitize(line, color).replaceAll('\t', '    ').trimEnd();
    if (text.trim() !== '') last = text;
    return text;
  };
  return {
    push(text) {
      const lines = (rest + text).split('\n');
      rest = lines.pop() ?? '';
      // Of a progress bar only what it shows last counts.
      const overwritten = rest.lastIndexOf('\r', rest.length - 2);
      if (overwritten > 0) rest = rest.slice(overwritten + 1);
      if (rest.length > longestLine) {
        lines.push(rest);
        rest = '';
      }
      return lines.map(clean);
    },
    end() {
      if (rest === '') return [];
      const line = clean(rest);
      rest = '';
      return [line];
    },
    last() {
      if (rest !== '') clean(rest);
      return last;
    },
  };
}
