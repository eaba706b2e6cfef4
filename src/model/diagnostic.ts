/**
 * A mistake in the user's files, in data. Everything that reads a user's file returns what it understood and a list
 * of these; it never throws for a mistake.
 */
export interface Position {
  /** Zero-based, as in the language server protocol; surfaces for people add one. */
  readonly line: number;
  /** Zero-based, in UTF-16 code units. */
  readonly character: number;
}

export interface Range {
  readonly start: Position;
  readonly end: Position;
}

export type DiagnosticCode =
  | 'syntax'
  | 'unreadable-file'
  | 'duplicate-key'
  | 'too-large'
  | 'unknown-key'
  | 'missing-key'
  | 'wrong-type'
  | 'bad-value'
  | 'no-kind'
  | 'several-kinds'
  | 'unknown-task'
  | 'unknown-reference'
  /** Of what was asked for from outside: the file is not to blame, and the range is where its params are. */
  | 'unknown-param'
  | 'reference-needs-dependency'
  | 'cycle'
  | 'missing-file'
  | 'same-output'
  | 'matrix-mismatch'
  | 'path-outside'
  | 'bad-name'
  | 'hint';

export interface Diagnostic {
  readonly code: DiagnosticCode;
  readonly severity: 'error' | 'warning' | 'hint';
  /** One sentence in the user's words, without the location. */
  readonly message: string;
  /** What to do or what was probably meant: `did you mean "needs"?` */
  readonly suggestion?: string;
  /** Replaces the range's text, for a quick fix. */
  readonly replacement?: string;
  /** Absolute path. */
  readonly file: string;
  readonly range: Range;
}

/** `runweave.yaml:3:5: error: unknown key "need" (did you mean "needs"?)`, with `file` as the caller wants it named. */
export function formatDiagnostic(diagnostic: Diagnostic, file: string): string {
  const { line, character } = diagnostic.range.start;
  const place = isOfFile(diagnostic) ? `${file}:${line + 1}:${character + 1}: ` : '';
  const suggestion = diagnostic.suggestion === undefined ? '' : ` (${diagnostic.suggestion})`;
  return `${place}${diagnostic.severity}: ${diagnostic.message}${suggestion}`;
}

/** Whether it is a mistake in the file, and not in what was asked of it. */
export function isOfFile({ code }: Diagnostic): boolean {
  return code !== 'unknown-param';
}

export function hasErrors(diagnostics: readonly Diagnostic[]): boolean {
  return diagnostics.some((diagnostic) => diagnostic.severity === 'error');
}
