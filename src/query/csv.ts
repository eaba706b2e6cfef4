/** RFC 4180; a text that a spreadsheet would take for a formula is marked as text (OWASP, CSV injection). */
export function csvText(rows: readonly (readonly string[])[]): string {
  const field = (text: string): string => {
    const safe = /^[=+@\t\r]|^-(?![\d.]|Infinity$)/.test(text) ? `'${text}` : text;
    return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
  };
  return rows.map((row) => `${row.map(field).join(',')}\r\n`).join('');
}
