/** Icons of our own, on a 16 × 16 grid, drawn with strokes in the current colour. */
import { s } from './dom.ts';
import type { TaskPhase } from '../src/model/run-state.ts';

export type IconName = TaskPhase | 'expand' | 'collapse' | 'play' | 'stop' | 'fit' | 'zoom-in' | 'zoom-out' | 'list' | 'graph' | 'warning';

const ring = 'M8 1.75a6.25 6.25 0 1 0 0 12.5a6.25 6.25 0 1 0 0-12.5';
const paths: Readonly<Record<IconName, string>> = {
  pending: ring,
  // A clock whose hand points back: not of today.
  stale: `${ring}M8 4.5V8.25L10.5 10`,
  running: 'M8 1.75A6.25 6.25 0 0 1 14.25 8',
  success: `${ring}M5 8.25L7.25 10.5L11.25 5.75`,
  failure: `${ring}M5.75 5.75L10.25 10.25M10.25 5.75L5.75 10.25`,
  error: 'M8 2L14.5 13.75H1.5ZM8 6.5V9.75M8 11.4V11.9',
  timeout: 'M4 1.75H12M4 14.25H12M4.75 1.75C4.75 6 11.25 10 11.25 14.25M11.25 1.75C11.25 6 4.75 10 4.75 14.25',
  cancellation: `${ring}M3.75 3.75L12.25 12.25`,
  skip: 'M2 10.5C2 5 9 3.5 12.5 8M12.75 4V8.25H8.5',
  expand: 'M6 4L10 8L6 12',
  collapse: 'M4 6L8 10L12 6',
  play: 'M4.5 2.75V13.25L13 8Z',
  stop: 'M3.75 3.75H12.25V12.25H3.75Z',
  fit: 'M2 6V2H6M10 2H14V6M14 10V14H10M6 14H2V10',
  'zoom-in': 'M8 3V13M3 8H13',
  'zoom-out': 'M3 8H13',
  list: 'M2 4H14M2 8H14M2 12H14',
  graph: 'M2.5 2.5H7V6H2.5ZM9 10H13.5V13.5H9ZM4.75 6V11.75H9',
  warning: 'M8 2L14.5 13.75H1.5ZM8 6.5V9.75M8 11.4V11.9',
};

/** The inside of an icon, for use within a drawing. */
export function iconPath(name: IconName): SVGGElement {
  const group = s('g', { class: `icon icon-${name}`, 'aria-hidden': 'true' });
  // The ring behind the moving arc, so that a spinner that stands still (reduced motion) reads as one.
  if (name === 'running') group.append(s('path', { d: ring, class: 'track' }));
  group.append(s('path', { d: paths[name], class: 'line' }));
  return group;
}

export function icon(name: IconName): SVGSVGElement {
  return s('svg', { class: 'icon-box', width: 16, height: 16, viewBox: '0 0 16 16', 'aria-hidden': 'true' }, iconPath(name));
}
