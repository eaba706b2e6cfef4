/**
 * Terminal output for reading: colours and styles as classes, cursor movements out, a progress bar as its last state.
 * Of the 16.7 million colours the nearest of the theme's sixteen is taken, so that text stays readable in any theme.
 * ECMA-48 section 8.3.117 (SGR); colours 38 and 48 as xterm has them.
 */
import { controls, settled } from '../../src/model/plain-text.ts';
import { h, type Child } from '../dom.ts';

export interface AnsiRun {
  readonly text: string;
  /** Classes: `ansi-fg-1 ansi-bold`; empty for plain text. */
  readonly look: string;
}

/** Usual values of the sixteen colours, only to find the nearest. */
const palette = [[0, 0, 0], [205, 49, 49], [13, 188, 121], [229, 229, 16], [36, 114, 200], [188, 63, 188], [17, 168, 205], [204, 204, 204], [102, 102, 102], [241, 76, 76], [35, 209, 139], [245, 245, 67], [59, 142, 234], [214, 112, 214], [41, 184, 219], [255, 255, 255]] as const;

interface Style {
  bold: boolean;
  dim: boolean;
  italic: boolean;
  underline: boolean;
  strike: boolean;
  foreground: number | undefined;
  background: number | undefined;
}

const plain = (): Style => ({ bold: false, dim: false, italic: false, underline: false, strike: false, foreground: undefined, background: undefined });

function nearest(red: number, green: number, blue: number): number {
  const distance = (index: number): number => {
    const [r, g, b] = palette[index] ?? [0, 0, 0];
    return (r - red) ** 2 + (g - green) ** 2 + (b - blue) ** 2;
  };
  return palette.reduce<number>((best, _, index) => (distance(index) < distance(best) ? index : best), 0);
}

/** One of 256: the sixteen, a cube of 6 × 6 × 6, and 24 greys. */
function indexed(color: number): number | undefined {
  if (!(color >= 0 && color <= 255)) return undefined;
  if (color < 16) return color;
  if (color >= 232) return nearest(...([0, 1, 2].map(() => 8 + 10 * (color - 232)) as [number, number, number]));
  const level = (step: number): number => (step === 0 ? 0 : 55 + 40 * step);
  const cube = color - 16;
  return nearest(level(Math.floor(cube / 36)), level(Math.floor(cube / 6) % 6), level(cube % 6));
}

function apply(style: Style, codes: readonly number[]): void {
  for (let at = 0; at < codes.length; at += 1) {
    const code = codes[at] ?? 0;
    if (code === 0) Object.assign(style, plain());
    else if (code === 1) style.bold = true;
    else if (code === 2) style.dim = true;
    else if (code === 3) style.italic = true;
    else if (code === 4) style.underline = true;
    else if (code === 9) style.strike = true;
    else if (code === 22) style.bold = style.dim = false;
    else if (code === 23) style.italic = false;
    else if (code === 24) style.underline = false;
    else if (code === 29) style.strike = false;
    else if (code >= 30 && code <= 37) style.foreground = code - 30;
    else if (code >= 90 && code <= 97) style.foreground = code - 82;
    else if (code === 39) style.foreground = undefined;
    else if (code >= 40 && code <= 47) style.background = code - 40;
    else if (code >= 100 && code <= 107) style.background = code - 92;
    else if (code === 49) style.background = undefined;
    else if (code === 38 || code === 48) {
      const kind = codes[at + 1];
      const color = kind === 5 ? indexed(codes[at + 2] ?? -1) : kind === 2 ? nearest(codes[at + 2] ?? 0, codes[at + 3] ?? 0, codes[at + 4] ?? 0) : undefined;
      style[code === 38 ? 'foreground' : 'background'] = color;
      at += kind === 5 ? 2 : kind === 2 ? 4 : 0;
    }
  }
}

function lookOf({ bold, dim, italic, underline, strike, foreground, background }: Style): string {
  const classes = [foreground !== undefined && `ansi-fg-${foreground}`, background !== undefined && `ansi-bg-${background}`, bold && 'ansi-bold', dim && 'ansi-dim', italic && 'ansi-italic', underline && 'ansi-underline', strike && 'ansi-strike'];
  return classes.filter(Boolean).join(' ');
}

export function ansiRuns(text: string): readonly AnsiRun[] {
  const source = settled(text);
  const runs: { text: string; readonly look: string }[] = [];
  const style = plain();
  let from = 0;
  const add = (to: number): void => {
    if (to === from) return;
    const look = lookOf(style);
    const last = runs.at(-1);
    if (last?.look === look) last.text += source.slice(from, to);
    else runs.push({ text: source.slice(from, to), look });
  };
  for (const match of source.matchAll(controls)) {
    add(match.index);
    from = match.index + match[0].length;
    const codes = match[1];
    // `38:2::r:g:b` has a colour space between, which nobody sets.
    if (codes !== undefined) apply(style, codes.replace(/(^|;)([34]8):2::/g, '$1$2:2:').split(/[;:]/).map(Number));
  }
  add(source.length);
  return runs;
}

export function ansiText(text: string): readonly Child[] {
  return ansiRuns(text).map((run) => (run.look === '' ? run.text : h('span', { class: run.look }, run.text)));
}
