import { formatDiagnostic, isOfFile, type Diagnostic } from '../model/diagnostic.ts';
import { plural, displayWidth, sanitize, truncate, type Style } from './text.ts';

export interface DiagnosticTextOptions {
  /** How the file of a diagnostic is named to the user. */
  readonly nameFile: (path: string) => string;
  /** Text of a file, to show the line; `undefined` when it can't be read. */
  readonly textOf: (path: string) => string | undefined;
  readonly style: Style;
  /** Shows each line with a mark under it. */
  readonly withSource: boolean;
  readonly columns: number | undefined;
}

const colors = { error: 'red', warning: 'yellow', hint: 'cyan' } as const;

/** Every error and warning with its location, and the line that it is about; hints are for editors. */
export function diagnosticLines(diagnostics: readonly Diagnostic[], options: DiagnosticTextOptions): string[] {
  const shown = diagnostics.filter((diagnostic) => diagnostic.severity !== 'hint');
  return shown.flatMap((diagnostic) => {
    const text = sanitize(formatDiagnostic(diagnostic, options.nameFile(diagnostic.file)), false).replaceAll('\n', ' ');
    const colored = text.replace(new RegExp(`(?<=^| )${diagnostic.severity}: `), `${options.style(colors[diagnostic.severity], `${diagnostic.severity}:`)} `);
    return options.withSource && isOfFile(diagnostic) ? [colored, ...sourceLines(diagnostic, options)] : [colored];
  });
}

/** `2 errors, 1 warning in runweave.yaml` */
export function diagnosticCount(diagnostics: readonly Diagnostic[]): string {
  const count = (severity: Diagnostic['severity']): number => diagnostics.filter((diagnostic) => diagnostic.severity === severity).length;
  const errors = count('error');
  const warnings = count('warning');
  return [errors > 0 ? plural(errors, 'error') : '', warnings > 0 ? plural(warnings, 'warning') : ''].filter((part) => part !== '').join(', ');
}

/** The line with its number, and carets under the range: `  3 │   need: [a]` above `    │   ^^^^`. */
function sourceLines(diagnostic: Diagnostic, { textOf, style, columns }: DiagnosticTextOptions): string[] {
  const { start, end } = diagnostic.range;
  const line = textOf(diagnostic.file)?.split(/\r\n|\r|\n/)[start.line];
  if (line === undefined || line.trim() === '') return [];
  const shown = (text: string): string => sanitize(text, false).replaceAll('\t', '  ');
  const number = String(start.line + 1);
  const before = displayWidth(shown(line.slice(0, start.character)));
  const marked = end.line === start.line ? line.slice(start.character, end.character) : line.slice(start.character).trimEnd();
  const carets = '^'.repeat(Math.max(1, displayWidth(shown(marked))));
  const cut = (text: string): string => (columns === undefined ? text : truncate(text, columns));
  return [
    cut(`  ${style('dim', `${number} │`)} ${shown(line)}`),
    cut(`  ${style('dim', `${' '.repeat(number.length)} │`)} ${' '.repeat(before)}${style(colors[diagnostic.severity], carets)}`),
  ];
}
