import type { Output } from '../host.ts';

/**
 * A few lines at the bottom of a terminal that are drawn over and over, with other lines scrolling by above them.
 * Invariant: while it is drawn, the cursor stands at the end of its last line, and no line is wider than the terminal.
 */
export interface LiveRegion {
  /** Writes whole lines above the region. */
  readonly print: (lines: readonly string[]) => void;
  readonly draw: (lines: readonly string[]) => void;
  readonly clear: () => void;
}

export function createLiveRegion(output: Pick<Output, 'write'>): LiveRegion {
  let drawn: readonly string[] = [];
  const toTop = (): string => (drawn.length === 0 ? '' : `\r${drawn.length > 1 ? `\u001b[${drawn.length - 1}A` : ''}`);
  const region = (lines: readonly string[]): string => lines.map((line) => `${line}\u001b[K`).join('\n');

  return {
    print(lines) {
      if (lines.length === 0) return;
      // Each line clears what it overwrites, so that nothing flickers.
      output.write(`${toTop()}${lines.map((line) => `${line}${drawn.length === 0 ? '' : '\u001b[K'}\n`).join('')}${drawn.length === 0 ? '' : `${region(drawn)}\u001b[J`}`);
    },
    draw(lines) {
      const text = `${toTop()}${region(lines)}${drawn.length === 0 ? '' : '\u001b[J'}`;
      drawn = lines;
      if (text !== '') output.write(text);
    },
    clear() {
      if (drawn.length === 0) return;
      output.write(`${toTop()}\u001b[J`);
      drawn = [];
    },
  };
}
