/**
 * What is kept of a task's output: all of it up to a limit, then only its end. A task that prints a gigabyte would
 * otherwise fill the event log, the record, and the memory of everything that shows them. Its output is read all the
 * same, as fast as it comes, so that the task is not held up.
 */
import type { ReportedLog } from '../model/reported.ts';

export interface OutputPiece<Time> {
  readonly stream: 'stdout' | 'stderr';
  readonly text: string;
  readonly time: Time;
  /** The log record that the text was made of. */
  readonly log?: ReportedLog;
}

export interface OutputLimit<Time> {
  readonly add: (piece: OutputPiece<Time>) => void;
  /** The task has ended: hands on what was kept of the end of its output, after a line that says what is missing. */
  readonly end: () => void;
}

/** In characters, per attempt. */
export const outputLimits = { head: 8 * 1024 * 1024, tail: 1024 * 1024 };

export function limitOutput<Time>(emit: (piece: OutputPiece<Time>) => void, { head, tail } = outputLimits): OutputLimit<Time> {
  let room = head;
  let kept: OutputPiece<Time>[] = [];
  let keptLength = 0;
  let leftOut = 0;
  const add = (piece: OutputPiece<Time>): void => {
    if (room > 0) {
      room -= sizeOf(piece);
      emit(piece);
      return;
    }
    kept.push(piece);
    keptLength += sizeOf(piece);
    // Whole pieces, which end with a line where there are lines.
    let drop = 0;
    for (let first = kept[0]; first !== undefined && keptLength - sizeOf(first) >= tail; first = kept[drop]) {
      keptLength -= sizeOf(first);
      leftOut += sizeOf(first);
      drop += 1;
    }
    if (drop > 0) kept = kept.slice(drop);
  };
  const end = (): void => {
    const [first] = kept;
    if (first !== undefined && leftOut > 0) {
      emit({ stream: 'stderr', text: `\nrunweave: ${describe(leftOut)} of output are left out here; of each attempt the first ${describe(head)} and the last ${describe(tail)} are kept\n`, time: first.time });
    }
    for (const piece of kept) emit(piece);
    kept = [];
  };
  return { add, end };
}

/** With what a log record holds beside its text. */
function sizeOf({ text, log }: OutputPiece<unknown>): number {
  return log === undefined ? text.length : text.length + JSON.stringify([log.attributes, log.resource ?? {}]).length;
}

function describe(characters: number): string {
  const mebibytes = characters / (1024 * 1024);
  return mebibytes >= 1 ? `${Number(mebibytes.toFixed(1))} MiB` : `${characters} characters`;
}
