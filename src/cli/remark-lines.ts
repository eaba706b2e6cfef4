/** Flags, tags and notes, as lines of text. */
import type { Remark } from '../query/annotations.ts';
import { oneLine } from './progress/task-lines.ts';
import type { Style } from './text.ts';

/** What people said of one thing; `name` where it is not clear from what it stands under. */
export function remarkLines({ tags, notes, flag }: Remark, style: Style, name = ''): readonly string[] {
  const of = name === '' ? '' : `${oneLine(name)}: `;
  return [
    ...(flag === undefined ? [] : [`${of}${style('red', `⚑ flagged as bad${flag.why === undefined ? '' : `: ${oneLine(flag.why)}`}`)}`]),
    ...(tags.length === 0 ? [] : [`${of}${tags.map((tag) => `[${oneLine(tag)}]`).join(' ')}`]),
    ...notes.map(({ text, author, time }) => `${of}${oneLine(text)}  ${style('dim', `${author === undefined ? '' : `${oneLine(author)}, `}${time.slice(0, 10)}`)}`),
  ];
}

/** Of a task of a run, or of several, with what was said of each of its outputs. */
export function taskRemarkLines(remarks: readonly Remark[], style: Style): readonly string[] {
  return remarks.flatMap((remark) => remarkLines(remark, style, remark.output));
}
