/** Comma-separated values, and others with one character between them (RFC 4180), as we write and read them. */

/** A text that a spreadsheet would take for a formula is marked as text (OWASP, CSV injection). */
export function csvText(rows: readonly (readonly string[])[]): string {
  const field = (text: string): string => {
    const safe = /^[=+@\t\r]|^-(?![\d.]|Infinity$)/.test(text) ? `'${text}` : text;
    return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
  };
  return rows.map((row) => `${row.map(field).join(',')}\r\n`).join('');
}

/**
 * Rows from a character on, at most `most`; `next` is where to go on, absent at the end. A quoted field may hold line
 * breaks; a quote within an unquoted one is a character like any other; empty lines are no rows.
 */
export function readCsv(text: string, separator: string, most: number, from = text.startsWith('\ufeff') ? 1 : 0): { readonly rows: readonly (readonly string[])[]; readonly next?: number } {
  const rows: string[][] = [];
  let row: string[] = [];
  let at = from;
  while (at < text.length && rows.length < most) {
    let quoted = '';
    if (text[at] === '"') {
      let end = at + 1;
      while (end < text.length && (text[end] !== '"' || text[end + 1] === '"')) end += text[end] === '"' ? 2 : 1;
      quoted = text.slice(at + 1, end).replaceAll('""', '"');
      at = end + 1;
    }
    const start = at;
    while (at < text.length && text[at] !== separator && text[at] !== '\n' && text[at] !== '\r') at += 1;
    row.push(quoted + text.slice(start, at));
    if (text[at] === separator) {
      at += 1;
      if (at < text.length) continue;
      row.push('');
    } else at += text[at] === '\r' && text[at + 1] === '\n' ? 2 : 1;
    if (row.length > 1 || row[0] !== '') rows.push(row);
    row = [];
  }
  return { rows, ...(at < text.length && { next: at }) };
}
