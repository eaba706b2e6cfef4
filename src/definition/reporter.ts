/**
 * Collects the mistakes of one pipeline file. Everything in `definition/` knows places as offsets into the text;
 * here, and only here, they become lines and columns.
 */
import type { Diagnostic, DiagnosticCode, Position, Range } from '../model/diagnostic.ts';
import { nearName } from '../model/near-name.ts';

/** A piece of the text: offsets in UTF-16 code units, `end` not included. */
export interface Span {
  readonly start: number;
  readonly end: number;
}

export interface Mistake {
  readonly code: DiagnosticCode;
  readonly at: Span;
  readonly message: string;
  readonly suggestion?: string | undefined;
  readonly replacement?: string | undefined;
  readonly severity?: Diagnostic['severity'];
}

export interface Reporter {
  /** Reports nothing more: what would follow from a mistake that breaks the whole file is not worth reading. */
  mute(): void;
  report(mistake: Mistake): void;
  /** Whether something is already wrong at this place: each task of a matrix meets the same mistake. */
  hasReported(span: Span): boolean;
  /** The candidate that a mistyped name probably means. */
  near(name: string, candidates: Iterable<string>): string | undefined;
  range(span: Span): Range;
  /** Sorted by position. */
  diagnostics(): readonly Diagnostic[];
}

/** What an editor shows of one file; a file that is garbage from end to end needs no more. */
const mostDiagnostics = 1000;
/** Searching near names costs the number of candidates each time; a file with more typos than this has other worries. */
const mostNameSearches = 100;

export function createReporter(file: string, text: string): Reporter {
  const lineStarts = findLineStarts(text);
  /** By place and message: what an alias repeats, or a matrix multiplies, is one mistake. */
  const found = new Map<string, { readonly start: number; readonly diagnostic: Diagnostic }>();
  const places = new Set<string>();
  let nameSearches = 0;
  let muted = false;

  const position = (offset: number): Position => {
    const clamped = Math.max(0, Math.min(offset, text.length));
    let low = 0;
    let high = lineStarts.length;
    while (high - low > 1) {
      const middle = (low + high) >>> 1;
      if ((lineStarts[middle] ?? 0) <= clamped) low = middle;
      else high = middle;
    }
    return { line: low, character: clamped - (lineStarts[low] ?? 0) };
  };

  /** Never past its first line: a block that is underlined from end to end hides more than it shows. */
  const onOneLine = ({ start, end }: Span): Span => {
    const lineEnd = text.slice(start, end).search(/[\r\n]/);
    return { start, end: lineEnd === -1 ? end : start + lineEnd };
  };

  return {
    mute() {
      muted = true;
    },
    report({ code, at, message, suggestion, replacement, severity = 'error' }) {
      const key = `${at.start}:${message}`;
      if (muted || found.size >= mostDiagnostics || found.has(key)) return;
      places.add(`${at.start}:${at.end}`);
      const visible = onOneLine(at);
      const diagnostic: Diagnostic = {
        code,
        severity,
        message,
        ...(suggestion === undefined ? {} : { suggestion }),
        ...(replacement === undefined || visible.end !== at.end ? {} : { replacement }),
        file,
        range: { start: position(visible.start), end: position(visible.end) },
      };
      found.set(key, { start: at.start, diagnostic });
    },
    hasReported: ({ start, end }) => places.has(`${start}:${end}`),
    near: (name, candidates) => (++nameSearches > mostNameSearches ? undefined : nearName(name, candidates)),
    range: (span) => ({ start: position(span.start), end: position(span.end) }),
    diagnostics: () => [...found.values()].sort((a, b) => a.start - b.start).map((entry) => entry.diagnostic),
  };
}

/** Suggestion and quick fix for a name in the file; nothing when no name was near. */
export function didYouMean(near: string | undefined): Pick<Mistake, 'suggestion' | 'replacement'> {
  return near === undefined ? {} : { suggestion: `did you mean ${quoted(near)}?`, replacement: yamlText(near) };
}

/** As editors count them: `\n`, `\r\n` and a lone `\r` end a line. */
function findLineStarts(text: string): readonly number[] {
  const starts = [0];
  for (const match of text.matchAll(/\r\n|\r|\n/g)) starts.push(match.index + match[0].length);
  return starts;
}

/** A name or value of the user's in a message, in quotes and not longer than a line. */
export function quoted(text: string): string {
  return JSON.stringify(text.length > 60 ? `${text.slice(0, 59)}…` : text);
}

/** `text` as a YAML scalar that reads back as the same string in any place. */
export function yamlText(text: string): string {
  const plain = /^[A-Za-z_][\w.-]*(\/[\w.-]+)*$/.test(text) && !/^(true|false|null|\.\w+)$/i.test(text);
  return plain ? text : JSON.stringify(text);
}
