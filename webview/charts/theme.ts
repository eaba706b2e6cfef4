/** The editor's colours as ECharts takes them, and the looks of lines on them. */
import { looks, type Look } from '../../src/query/charts/palette.ts';

export interface ChartTheme {
  readonly background: string;
  readonly text: string;
  readonly quiet: string;
  /** Of axes and of the lines behind the data. */
  readonly axis: string;
  readonly grid: string;
  readonly accent: string;
  readonly font: string;
  readonly fontSize: number;
  readonly look: (slot: number) => Look;
}

export function readTheme(): ChartTheme {
  const style = getComputedStyle(document.body);
  const color = (...names: readonly string[]): string => {
    for (const name of names) {
      const value = style.getPropertyValue(`--vscode-${name}`).trim();
      if (value !== '') return opaque(value);
    }
    return '#888888';
  };
  const isHighContrast = document.body.className.includes('high-contrast');
  const background = color('editor-background');
  const text = color('foreground', 'editor-foreground');
  return {
    background,
    text,
    quiet: isHighContrast ? text : color('descriptionForeground', 'foreground'),
    axis: isHighContrast ? color('contrastBorder', 'foreground') : mixed(text, background, 0.45),
    grid: mixed(text, background, isHighContrast ? 0.35 : 0.12),
    accent: color('focusBorder', 'foreground'),
    // ECharts writes it between double quotes when it makes an SVG, and does not escape it.
    font: style.fontFamily.replaceAll('"', "'"),
    fontSize: 11,
    look: looks(background, isHighContrast ? 5 : 4),
  };
}

/** Called when the editor's theme is another one: its values stand on the root element, its kind on the body. */
export function onThemeChange(call: () => void): void {
  const observer = new MutationObserver(call);
  observer.observe(document.documentElement, { attributes: true, attributeFilter: ['style', 'class'] });
  observer.observe(document.body, { attributes: true, attributeFilter: ['class'] });
}

const canvas = document.createElement('canvas').getContext('2d');

/** Any colour of CSS as `#rrggbb`; what shines through is left to `mixed`. */
function opaque(value: string): string {
  if (canvas === null) return '#888888';
  canvas.fillStyle = '#888888';
  canvas.fillStyle = value;
  const { fillStyle } = canvas;
  if (fillStyle.startsWith('#')) return fillStyle;
  const parts = /(\d+), (\d+), (\d+)/.exec(fillStyle)?.slice(1) ?? ['136', '136', '136'];
  return `#${parts.map((part) => Number(part).toString(16).padStart(2, '0')).join('')}`;
}

/** `share` of the first, the rest of the second; both `#rrggbb`. */
function mixed(color: string, over: string, share: number): string {
  const part = (text: string, at: number): number => Number.parseInt(text.slice(at, at + 2), 16);
  return `#${[1, 3, 5].map((at) => Math.round(part(color, at) * share + part(over, at) * (1 - share)).toString(16).padStart(2, '0')).join('')}`;
}
