/**
 * Colours that people with any colour vision tell apart, on any theme: the set of Okabe and Ito ("Color Universal
 * Design", 2008), each brought nearer to black or white until it stands out from the background. Dash, marker and
 * letter say the same once more.
 */

/** Without black, and in an order in which neighbours differ most. */
const okabeIto = ['#0072b2', '#d55e00', '#009e73', '#cc79a7', '#e69f00', '#56b4e9', '#f0e442'];
/** Lengths of strokes and gaps, in pixels. One fewer than the colours: it takes 42 lines until a pair comes again. */
const dashes: readonly (readonly number[])[] = [[], [8, 4], [2, 3], [10, 3, 2, 3], [16, 5], [5, 2, 2, 2, 2, 2]];
/** Paths of SVG, 12 by 12: circle, triangle, square, diamond, triangle downwards, plus, cross, hourglass. */
const markers = [
  'M0 6a6 6 0 1 0 12 0a6 6 0 1 0-12 0Z',
  'M6 0L12 11H0Z',
  'M1 1H11V11H1Z',
  'M6 0L12 6L6 12L0 6Z',
  'M6 12L0 1H12Z',
  'M4 0H8V4H12V8H8V12H4V8H0V4H4Z',
  'M3 0L6 3L9 0L12 3L9 6L12 9L9 12L6 9L3 12L0 9L3 6L0 3Z',
  'M0 0H12L0 12H12Z',
];

type Rgb = readonly [red: number, green: number, blue: number];

export interface Look {
  /** `#rrggbb` */
  readonly color: string;
  /** Empty: one stroke. */
  readonly dash: readonly number[];
  /** The path of an SVG, 12 by 12. */
  readonly marker: string;
  /** A, B, …, Z, AA, … */
  readonly letter: string;
}

/** WCAG 2.2, 1.4.11 (Non-text Contrast), asks for 3. */
export function looks(background: string, contrast = 3): (slot: number) => Look {
  const colors = okabeIto.map((color) => legible(color, background, contrast));
  const at = <T>(list: readonly T[], slot: number): T => list[slot % list.length] as T;
  return (slot) => ({ color: at(colors, slot), dash: at(dashes, slot), marker: at(markers, slot), letter: letterOf(slot) });
}

/** As a spreadsheet names its columns. */
export function letterOf(slot: number): string {
  return (slot >= 26 ? letterOf(Math.floor(slot / 26) - 1) : '') + String.fromCharCode(65 + (slot % 26));
}

/** `color`, or the nearest to it on the way to black or white that has this contrast. Both `#rrggbb`. */
export function legible(color: string, background: string, contrast: number): string {
  const target: Rgb = luminance(parse(background)) > 0.18 ? [0, 0, 0] : [255, 255, 255];
  const from = parse(color);
  for (let share = 0; share < 1; share += 0.05) {
    const mixed = from.map((part, index) => Math.round(part + (target[index as 0 | 1 | 2] - part) * share)) as unknown as Rgb;
    if (contrastOf(mixed, parse(background)) >= contrast) return text(mixed);
  }
  return text(target);
}

/** From 1 to 21: WCAG 2.2, "contrast ratio". */
export function contrastRatio(a: string, b: string): number {
  return contrastOf(parse(a), parse(b));
}

function contrastOf(a: Rgb, b: Rgb): number {
  const [x, y] = [luminance(a), luminance(b)];
  return (Math.max(x, y) + 0.05) / (Math.min(x, y) + 0.05);
}

function luminance(color: Rgb): number {
  const [red, green, blue] = color.map((part) => (part / 255 <= 0.04045 ? part / 255 / 12.92 : ((part / 255 + 0.055) / 1.055) ** 2.4));
  return 0.2126 * (red ?? 0) + 0.7152 * (green ?? 0) + 0.0722 * (blue ?? 0);
}

function parse(color: string): Rgb {
  const number = Number.parseInt(color.slice(1, 7), 16);
  return [(number >> 16) & 255, (number >> 8) & 255, number & 255];
}

function text(color: Rgb): string {
  return `#${color.map((part) => part.toString(16).padStart(2, '0')).join('')}`;
}
