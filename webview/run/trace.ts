/** A trace that Runweave did not record: its spans as a timeline, with their attributes. */
import type { RunHostMessage, TimelineSpan } from '../../src/protocol/run-view.ts';
import { formatDuration } from '../../src/model/time.ts';
import { matchSpan, wordsOf } from '../../src/query/find-spans.ts';
import { fill, h } from '../dom.ts';
import { pairs } from './format.ts';
import { searchBox, searchHelp } from './timeline-tab.ts';
import { createTimeline } from './timeline.ts';

type TraceMessage = Extract<RunHostMessage, { readonly type: 'trace' }>;

/** Parents before children, children by start; a span whose parent is missing is a root. */
export function orderSpans(spans: readonly TimelineSpan[]): readonly { readonly span: TimelineSpan; readonly depth: number }[] {
  const known = new Set(spans.map((span) => span.spanId));
  const children = new Map<string, TimelineSpan[]>();
  for (const span of spans) {
    const parent = span.parentSpanId !== undefined && known.has(span.parentSpanId) && span.parentSpanId !== span.spanId ? span.parentSpanId : '';
    (children.get(parent) ?? children.set(parent, []).get(parent))?.push(span);
  }
  const byStart = (a: TimelineSpan, b: TimelineSpan): number => (BigInt(a.start) < BigInt(b.start) ? -1 : BigInt(a.start) > BigInt(b.start) ? 1 : 0);
  const ordered: { readonly span: TimelineSpan; readonly depth: number }[] = [];
  const seen = new Set<TimelineSpan>();
  const visit = (roots: readonly TimelineSpan[]): void => {
    const pending = roots.map((span) => ({ span, depth: 0 })).reverse();
    for (let next = pending.pop(); next !== undefined; next = pending.pop()) {
      const { span, depth } = next;
      if (seen.has(span)) continue;
      seen.add(span);
      ordered.push(next);
      pending.push(...(children.get(span.spanId) ?? []).sort(byStart).reverse().map((child) => ({ span: child, depth: depth + 1 })));
    }
  };
  visit((children.get('') ?? []).sort(byStart));
  // Spans that are each other's parents hang on no root.
  visit(spans.filter((span) => !seen.has(span)).sort(byStart));
  return ordered;
}

const deepest = 12;

/** What the view was left at: the selected span, and what was searched for. */
interface TraceState {
  readonly span: string | undefined;
  readonly query: string;
}

export function traceView({ title, spans, total }: TraceMessage, { span: selected, query: start }: TraceState, onSelect: (spanId: string) => void, onSearch: (query: string) => void): HTMLElement {
  const ordered = orderSpans(spans);
  const first = spans.reduce<bigint>((least, span) => (BigInt(span.start) < least ? BigInt(span.start) : least), BigInt(spans[0]?.start ?? 0));
  const at = (time: string): number => Number(BigInt(time) - first) / 1e6;
  const detail = h('section', { class: 'detail', 'aria-label': 'Selected span', 'aria-live': 'polite' });
  const show = (spanId: string): void => {
    const span = spans.find((each) => each.spanId === spanId);
    if (span === undefined) return;
    fill(detail, h('h2', {}, span.name), h('p', { class: 'quiet' }, [span.service, formatDuration(at(span.end) - at(span.start)), span.error ? 'ended in an error' : undefined, span.spanId].filter(Boolean).join(' · ')), pairs(Object.entries(span.attributes), ['Attribute', 'Value']));
  };
  const timeline = createTimeline('Spans', (key) => {
    onSelect(key);
    show(key);
  });
  const rows = ordered.map(({ span, depth }) => ({ key: span.spanId, label: span.name, depth: Math.min(depth, deepest), start: at(span.start), end: Math.max(at(span.start), at(span.end)), look: span.error ? 'failure' : 'running', says: [span.service, span.error ? 'error' : undefined].filter(Boolean).join(', ') || 'span' }));
  const length = rows.reduce((most, row) => Math.max(most, row.end), 0);
  const attributesOf = new Map(spans.map((span) => [span.spanId, [...(span.service === undefined ? [] : [['service', span.service] as const]), ...Object.entries(span.attributes)] as const]));
  const search = (query: string): void => {
    const words = wordsOf(query);
    const found = rows.flatMap((row) => {
      const match = matchSpan(words, row.label, attributesOf.get(row.key) ?? []);
      return match === undefined ? [] : [{ ...row, ...(match.where !== undefined && { note: `${match.where[0]}=${match.where[1]}` }) }];
    });
    timeline.show(found, length);
    box.say(words.length === 0 ? '' : `${found.length} found`);
  };
  const box = searchBox(searchHelp, start, (query) => {
    onSearch(query);
    search(query);
  }, () => timeline.element.querySelector<HTMLElement>('.timeline-list'));
  search(start);
  if (selected !== undefined) {
    timeline.choose(selected);
    show(selected);
  }
  if (spans.length === 0) fill(detail, h('p', {}, 'This file holds no spans.'));
  return h('main', { class: 'trace' }, h('header', { class: 'run-header' }, h('h1', {}, title), h('p', { class: 'quiet' }, `${total} spans · ${formatDuration(length)}${total > spans.length ? ` · the first ${spans.length} are shown` : ''}`)), box.element, timeline.element, detail);
}
