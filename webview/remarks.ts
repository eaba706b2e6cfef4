/** Flags, tags and notes, beside what they are on. */
import type { Remark } from '../src/query/annotations.ts';
import { h, type Child } from './dom.ts';

const timeFormat = new Intl.DateTimeFormat(undefined, { dateStyle: 'medium', timeStyle: 'short' });

/** Who wrote a note, and when, is in its tooltip. */
export function remarkMarks({ tags, notes, flag }: Pick<Remark, 'tags' | 'notes' | 'flag'>): readonly Child[] {
  return [
    flag !== undefined && h('span', { class: 'flagged' }, `⚑ flagged${flag.why === undefined ? '' : `: ${flag.why}`}`),
    ...tags.map((tag) => h('span', { class: 'tag' }, h('span', { class: 'visually-hidden' }, 'tag '), tag)),
    ...notes.map(({ text, author, time }) => h('span', { class: 'note', title: `${author === undefined ? '' : `${author}, `}${timeFormat.format(Date.parse(time))}` }, h('span', { class: 'visually-hidden' }, 'note: '), text)),
  ];
}
