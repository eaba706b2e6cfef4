/**
 * What all charts share: the drawing, a cursor that mouse and arrow keys move alike, what stands under it in words,
 * the chart as a table for who does not see it, and as a file.
 */
import type { ChartFile } from '../../src/protocol/chart-file.ts';
import { lowerBound } from '../../src/query/charts/decimate.ts';
import { placeInRange, valueAtPlace } from '../../src/query/charts/nice-range.ts';
import { fill, h, setText } from '../dom.ts';
import { openDrawing, type ECharts } from './echarts.ts';
import { chartFile } from './files.ts';
import type { Picture, SpotLine } from './picture.ts';
import { readTheme, type ChartTheme } from './theme.ts';

/** Pixels around a point in which it is meant. */
const reach = 28;
/** Pixels from which a movement is a drag. */
const dragFrom = 5;

/** In data coordinates. */
export interface Area {
  readonly fromX: number;
  readonly toX: number;
  readonly fromY: number;
  readonly toY: number;
}

export interface FrameHooks {
  /** The cursor stands on a point of this run. */
  readonly onPoint: (key: string | undefined) => void;
  /** The cursor is at this place of the axis below. */
  readonly onCursor?: (x: number | undefined) => void;
  readonly onClick?: (key: string, add: boolean) => void;
  readonly onOpen: (key: string) => void;
  readonly onToggle: (key: string) => void;
  /** What a drag spans. */
  readonly onArea?: (area: Area, add: boolean) => void;
  /** Further away (above 1) or nearer, about this place of the axis below. */
  readonly onZoom?: (factor: number, x: number) => void;
  readonly onDoubleClick?: () => void;
  /** Any other key. Returns whether it meant something. */
  readonly onKey?: (event: KeyboardEvent, cursor: { readonly x: number; readonly line: number; readonly index: number } | undefined) => boolean;
  readonly onSave: (name: string, file: ChartFile) => void;
  /** What the arrow keys and others do, in words. */
  readonly keys: string;
  /** Stands beside the drawing. */
  readonly aside?: HTMLElement;
  /** A drag spans a stretch of the axis below, or an area. */
  readonly drags?: 'stretch' | 'area';
}

export interface Frame {
  readonly element: HTMLElement;
  /** A chart's own controls go here. */
  readonly controls: HTMLElement;
  readonly theme: () => ChartTheme;
  readonly show: (picture: Picture) => void;
  /** There is nothing to be drawn, for this reason. */
  readonly clear: (why: string) => void;
  /** Columns of pixels between the margins. */
  readonly plotWidth: (picture: Pick<Picture, 'margins'>) => number;
  /** Asks for the picture anew when the size has changed. */
  readonly onResize: (call: () => void) => void;
  readonly drawing: () => ECharts | undefined;
  /** Reads the editor's colours anew. */
  readonly rethink: () => void;
}

let frames = 0;

export function createFrame(hooks: FrameHooks): Frame {
  const help = `chart-keys-${(frames += 1)}`;
  const controls = h('div', { class: 'chart-controls' });
  const canvas = h('div', { class: 'chart-canvas' });
  const crosshair = h('div', { class: 'chart-crosshair', hidden: true });
  const ring = h('div', { class: 'chart-ring', hidden: true });
  const dragged = h('div', { class: 'chart-dragged', hidden: true });
  const plot = h('div', { class: 'chart-plot', tabindex: 0, role: 'application', 'aria-roledescription': 'chart', 'aria-describedby': help }, canvas, crosshair, dragged, ring);
  const readout = h('p', { class: 'chart-readout', 'aria-live': 'off' });
  const empty = h('p', { class: 'chart-empty quiet', hidden: true });
  const body = h('div', { class: 'chart-body' }, plot, hooks.aside);
  const tables = h('div', { class: 'chart-tables', hidden: true, tabindex: 0, role: 'region', 'aria-label': 'Chart as a table' });
  const tableButton = h('button', { class: 'action', 'aria-pressed': 'false', onclick: () => showTable(tables.hidden !== false) }, 'Table');
  const save = (format: ChartFile['format']): void => {
    if (picture !== undefined) hooks.onSave(picture.fileName, chartFile(picture, theme, format));
  };
  const saveButtons = (['png', 'svg', 'csv'] as const).map((format) => h('button', { class: 'action', title: `Save the chart as ${format.toUpperCase()}`, onclick: () => save(format) }, `${format.toUpperCase()}…`));
  const files = h('div', { class: 'chart-files', role: 'group', 'aria-label': 'Chart as' }, tableButton, ...saveButtons);
  const element = h('div', { class: 'chart-frame' }, h('div', { class: 'chart-top' }, controls, files), empty, body, readout, tables, h('p', { id: help, class: 'visually-hidden' }, hooks.keys));

  let drawing: ECharts | undefined;
  let picture: Picture | undefined;
  let theme = readTheme();
  /** With the point's place, by which it is found again when the picture is another one. */
  let cursor: { line: number; index: number; x: number; y: number; key: string | undefined } | undefined;

  const showTable = (on: boolean): void => {
    tables.hidden = !on;
    body.hidden = on;
    readout.hidden = on;
    tableButton.setAttribute('aria-pressed', String(on));
    if (on) drawTables();
    else draw();
  };
  const drawTables = (): void => {
    if (picture !== undefined) fill(tables, ...picture.tables().map(({ caption, heads, rows }) => h('table', {}, h('caption', {}, caption), h('thead', {}, h('tr', {}, ...heads.map((head) => h('th', { scope: 'col' }, head)))), h('tbody', {}, ...rows.map((cells) => h('tr', {}, ...cells.map((cell, at) => (at === 0 ? h('th', { scope: 'row' }, cell) : h('td', {}, cell)))))))));
  };
  const draw = (): void => {
    if (picture === undefined || plot.clientWidth === 0 || plot.clientHeight === 0) return;
    const size = { width: plot.clientWidth, height: plot.clientHeight };
    if (drawing === undefined) drawing = openDrawing(canvas, 'canvas', size);
    else if (drawing.getWidth() !== size.width || drawing.getHeight() !== size.height) drawing.resize(size);
    drawing.setOption(picture.option, { notMerge: true });
  };

  const inner = (): { left: number; top: number; width: number; height: number } => {
    const { left = 0, right = 0, top = 0, bottom = 0 } = picture?.margins ?? {};
    return { left, top, width: Math.max(1, plot.clientWidth - left - right), height: Math.max(1, plot.clientHeight - top - bottom) };
  };
  const pixelX = (x: number): number => {
    if (picture === undefined) return NaN;
    const { left, width } = inner();
    return left + placeInRange(x, picture.x.range, picture.x.log) * width;
  };
  const pixelY = (y: number): number => {
    if (picture === undefined) return NaN;
    const { top, height } = inner();
    return top + (1 - placeInRange(y, picture.y.range, picture.y.log)) * height;
  };
  const valueX = (pixel: number): number => {
    const { left, width } = inner();
    return picture === undefined ? NaN : valueAtPlace(Math.max(0, Math.min(1, (pixel - left) / width)), picture.x.range, picture.x.log);
  };
  const valueY = (pixel: number): number => {
    const { top, height } = inner();
    return picture === undefined ? NaN : valueAtPlace(Math.max(0, Math.min(1, 1 - (pixel - top) / height)), picture.y.range, picture.y.log);
  };

  const hideCursor = (): void => {
    cursor = undefined;
    ring.hidden = true;
    crosshair.hidden = true;
    setText(readout, '');
    hooks.onPoint(undefined);
    hooks.onCursor?.(undefined);
  };
  const moveCursor = (line: number, index: number, by: 'key' | 'mouse' | 'redraw'): void => {
    const of = picture?.lines[line];
    if (of === undefined) return;
    const [x, y] = [of.x[index] ?? NaN, of.y[index] ?? NaN];
    cursor = { line, index, x, y, key: of.key(index) };
    ring.hidden = !Number.isFinite(y);
    crosshair.hidden = !of.isCourse;
    ring.style.left = `${pixelX(x)}px`;
    ring.style.top = `${pixelY(y)}px`;
    crosshair.style.left = `${pixelX(x)}px`;
    crosshair.style.top = `${inner().top}px`;
    crosshair.style.height = `${inner().height}px`;
    // Who listens is told what the keys do, not where the mouse is.
    readout.setAttribute('aria-live', by === 'key' ? 'polite' : 'off');
    setText(readout, of.text(index));
    if (by !== 'redraw') hooks.onPoint(of.key(index));
    hooks.onCursor?.(x);
  };

  /** The nearest point that there is something at, in this direction. */
  const stepOn = (line: SpotLine, from: number, by: 1 | -1): number | undefined => {
    for (let index = from; index >= 0 && index < line.y.length; index += by) if (Number.isFinite(line.y[index])) return index;
    return undefined;
  };
  const atX = (line: SpotLine, x: number): number | undefined => {
    const at = line.isCourse ? lowerBound(line.x, x) : nearestOf(line, (index) => Math.abs((line.x[index] ?? NaN) - x));
    if (at === undefined) return undefined;
    const [before, after] = [stepOn(line, Math.min(at, line.x.length) - 1, -1), stepOn(line, at, 1)];
    if (before === undefined || after === undefined) return before ?? after;
    return x - (line.x[before] ?? 0) < (line.x[after] ?? 0) - x ? before : after;
  };
  const nearestOf = (line: SpotLine, distance: (index: number) => number): number | undefined => {
    let found: number | undefined;
    let least = Infinity;
    for (let index = 0; index < line.x.length; index += 1) {
      const far = distance(index);
      if (far < least) [found, least] = [index, far];
    }
    return found;
  };
  /** Up and down in a cloud of points: the next one by its height. */
  const byHeight = (line: SpotLine, from: number, by: 1 | -1): number | undefined => {
    const order = Array.from({ length: line.y.length }, (_, index) => index).sort((a, b) => (line.y[a] ?? 0) - (line.y[b] ?? 0) || a - b);
    return order[order.indexOf(from) + by];
  };

  const nearestTo = (px: number, py: number): { line: number; index: number } | undefined => {
    let found: { line: number; index: number } | undefined;
    let least = reach;
    for (const [line, spots] of picture?.lines.entries() ?? []) {
      const distance = (index: number): number => Math.hypot(pixelX(spots.x[index] ?? NaN) - px, pixelY(spots.y[index] ?? NaN) - py);
      const at = spots.isCourse ? atX(spots, valueX(px)) : nearestOf(spots, distance);
      if (at === undefined) continue;
      // Beside a line its height counts: points may stand far apart.
      const far = spots.isCourse ? Math.abs(pixelY(spots.y[at] ?? NaN) - py) : distance(at);
      if (far < least) [found, least] = [{ line, index: at }, far];
    }
    return found;
  };

  plot.addEventListener('keydown', (event) => {
    if (picture === undefined) return;
    const { lines } = picture;
    const current = cursor === undefined ? undefined : lines[cursor.line];
    const key = cursor === undefined ? undefined : current?.key(cursor.index);
    const step = (by: 1 | -1, count = 1): void => {
      if (cursor === undefined || current === undefined) {
        const line = lines.findIndex((each) => stepOn(each, 0, 1) !== undefined);
        const first = lines[line];
        if (first !== undefined) moveCursor(line, stepOn(first, 0, 1) ?? 0, 'key');
        return;
      }
      const target = Math.max(0, Math.min(current.x.length - 1, cursor.index + by * count));
      const next = stepOn(current, target, by) ?? stepOn(current, target, by === 1 ? -1 : 1);
      if (next !== undefined) moveCursor(cursor.line, next, 'key');
    };
    const across = (by: 1 | -1): void => {
      if (cursor === undefined || current === undefined) {
        step(1);
        return;
      }
      if (lines.length === 1 && !current.isCourse) {
        const next = byHeight(current, cursor.index, by === 1 ? -1 : 1);
        if (next !== undefined) moveCursor(cursor.line, next, 'key');
        return;
      }
      const x = current.x[cursor.index] ?? 0;
      for (let line = cursor.line + by; line >= 0 && line < lines.length; line += by) {
        const other = lines[line];
        const at = other === undefined ? undefined : atX(other, x);
        if (at === undefined) continue;
        moveCursor(line, at, 'key');
        return;
      }
    };
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (hooks.onKey?.(event, cursor) === true) {
      event.preventDefault();
      return;
    }
    switch (event.key) {
      case 'ArrowRight':
        step(1);
        break;
      case 'ArrowLeft':
        step(-1);
        break;
      case 'PageDown':
        step(1, 20);
        break;
      case 'PageUp':
        step(-1, 20);
        break;
      case 'Home':
        step(-1, Infinity);
        break;
      case 'End':
        step(1, Infinity);
        break;
      case 'ArrowDown':
        across(1);
        break;
      case 'ArrowUp':
        across(-1);
        break;
      case 'Enter':
        if (key !== undefined) hooks.onOpen(key);
        break;
      case ' ':
        if (key !== undefined) hooks.onToggle(key);
        break;
      case 'Escape':
        if (cursor === undefined) return;
        hideCursor();
        break;
      default:
        return;
    }
    event.preventDefault();
  });

  const place = (event: MouseEvent): { x: number; y: number } => {
    const { left, top } = plot.getBoundingClientRect();
    return { x: event.clientX - left, y: event.clientY - top };
  };
  plot.addEventListener('pointermove', (event) => {
    if (event.buttons !== 0) return;
    const { x, y } = place(event);
    const found = nearestTo(x, y);
    if (found === undefined) hideCursor();
    else if (found.line !== cursor?.line || found.index !== cursor.index) moveCursor(found.line, found.index, 'mouse');
  });
  plot.addEventListener('pointerleave', (event) => {
    if (event.buttons === 0 && document.activeElement !== plot) hideCursor();
  });
  plot.addEventListener('pointerdown', (event) => {
    if (event.button !== 0 || picture === undefined) return;
    const from = place(event);
    const add = event.ctrlKey || event.metaKey;
    let isDrag = false;
    const spanned = (moved: PointerEvent): { x0: number; x1: number; y0: number; y1: number } => {
      const to = place(moved);
      const { left, top, width, height } = inner();
      const inX = (x: number): number => Math.max(left, Math.min(left + width, x));
      const inY = (y: number): number => Math.max(top, Math.min(top + height, y));
      const isStretch = hooks.drags === 'stretch';
      return { x0: inX(Math.min(from.x, to.x)), x1: inX(Math.max(from.x, to.x)), y0: isStretch ? top : inY(Math.min(from.y, to.y)), y1: isStretch ? top + height : inY(Math.max(from.y, to.y)) };
    };
    const move = (moved: PointerEvent): void => {
      const to = place(moved);
      isDrag ||= hooks.drags !== undefined && Math.max(Math.abs(to.x - from.x), hooks.drags === 'area' ? Math.abs(to.y - from.y) : 0) >= dragFrom;
      if (!isDrag) return;
      const { x0, x1, y0, y1 } = spanned(moved);
      dragged.hidden = false;
      Object.assign(dragged.style, { left: `${x0}px`, top: `${y0}px`, width: `${x1 - x0}px`, height: `${y1 - y0}px` });
    };
    const stop = (ended: PointerEvent): void => {
      removeEventListener('pointermove', move);
      removeEventListener('pointerup', stop);
      removeEventListener('pointercancel', stop);
      dragged.hidden = true;
      if (ended.type === 'pointercancel') return;
      if (isDrag) {
        const { x0, x1, y0, y1 } = spanned(ended);
        hooks.onArea?.({ fromX: valueX(x0), toX: valueX(x1), fromY: valueY(y1), toY: valueY(y0) }, add);
        return;
      }
      const found = nearestTo(from.x, from.y);
      const key = found === undefined ? undefined : picture?.lines[found.line]?.key(found.index);
      if (key !== undefined) hooks.onClick?.(key, add);
    };
    addEventListener('pointermove', move);
    addEventListener('pointerup', stop);
    addEventListener('pointercancel', stop);
  });
  plot.addEventListener('dblclick', () => hooks.onDoubleClick?.());
  plot.addEventListener(
    'wheel',
    (event) => {
      if (hooks.onZoom === undefined) return;
      event.preventDefault();
      hooks.onZoom(event.deltaY > 0 ? 1.25 : 0.8, valueX(place(event).x));
    },
    { passive: false },
  );

  return {
    element,
    controls,
    theme: () => theme,
    rethink: () => {
      theme = readTheme();
    },
    drawing: () => drawing,
    plotWidth: ({ margins }) => Math.max(50, plot.clientWidth - margins.left - margins.right),
    onResize: (call) => {
      let size = '';
      new ResizeObserver(() => {
        const now = `${plot.clientWidth} ${plot.clientHeight}`;
        if (now === size || plot.clientWidth === 0) return;
        size = now;
        call();
      }).observe(plot);
    },
    clear: (why) => {
      picture = undefined;
      hideCursor();
      setText(empty, why);
      empty.hidden = false;
      body.classList.add('nothing');
      drawing?.clear();
      fill(tables);
      for (const button of saveButtons) button.disabled = true;
    },
    show: (next) => {
      const wasOn = cursor;
      picture = next;
      empty.hidden = true;
      body.classList.remove('nothing');
      for (const button of saveButtons) button.disabled = false;
      plot.setAttribute('aria-label', next.label);
      if (tables.hidden === false) drawTables();
      else draw();
      if (wasOn === undefined) return;
      const again = (line: SpotLine): number => {
        const same = line.x.findIndex((x, index) => x === wasOn.x && line.y[index] === wasOn.y && line.key(index) === wasOn.key);
        const near = same >= 0 || !line.isCourse ? same : (atX(line, wasOn.x) ?? -1);
        return near >= 0 && line.key(near) === wasOn.key ? near : -1;
      };
      // Its own line first: a run may have several.
      const order = [wasOn.line, ...next.lines.keys()];
      const line = order.find((at) => {
        const candidate = next.lines[at];
        return candidate !== undefined && again(candidate) >= 0;
      });
      const of = line === undefined ? undefined : next.lines[line];
      const index = of === undefined ? -1 : again(of);
      const place = placeInRange(of?.x[index] ?? NaN, next.x.range, next.x.log);
      if (line !== undefined && place >= 0 && place <= 1) moveCursor(line, index, 'redraw');
      else hideCursor();
    },
  };
}
