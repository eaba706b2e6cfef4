/** What tasks printed, as lines that can be compared between runs. */
import { plainText } from '../model/plain-text.ts';
import type { TaskState } from '../model/run-state.ts';

/** Where two processes write at once, which line comes first is chance: each stream stands for itself. */
export const printedStreams = ['stdout', 'stderr'] as const;
export type PrintedStream = (typeof printedStreams)[number];

/** Of a stream, so much is compared: its beginning. */
const longest = { characters: 2_000_000, lines: 20_000 };

/** What the last attempt printed. `isCut`: there is more. */
export interface Printed {
  readonly text: string;
  readonly isCut: boolean;
}

export function printedBy(task: TaskState, stream: PrintedStream): Printed {
  let text = '';
  for (const chunk of task.attempts.at(-1)?.output ?? []) {
    if (chunk.stream !== stream) continue;
    text += chunk.text;
    if (text.length > longest.characters) return { text: text.slice(0, longest.characters), isCut: true };
  }
  return { text, isCut: false };
}

/** Lines as a terminal shows them at the end, without an empty one at the end. */
export function linesOf(text: string): readonly string[] {
  const plain = plainText(text.slice(0, longest.characters));
  if (plain === '') return [];
  const lines = plain.replace(/\n$/, '').split('\n');
  return lines.length > longest.lines ? lines.slice(0, longest.lines) : lines;
}

/** Times of day, and addresses in memory, are others in every run and say nothing. */
const ofTheMoment = /\b\d{4}-\d\d-\d\d(?:[T ]\d\d:\d\d(?::\d\d(?:[.,]\d+)?)?(?:Z|[+-]\d\d:?\d\d)?)?|\b\d\d?:\d\d:\d\d(?:[.,]\d+)?|\b0x[\da-f]{6,}\b/gi;

/** By which lines are told apart. */
export function lineKey(line: string): string {
  return /\d/.test(line) ? line.trimEnd().replace(ofTheMoment, '#') : line.trimEnd();
}
