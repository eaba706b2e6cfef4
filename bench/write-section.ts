/** Puts what a benchmark measured into docs/benchmarks.md, between the marks of that benchmark. */
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';

const file = path.join(import.meta.dirname, '..', 'docs', 'benchmarks.md');

/** Prints `text`; with `isWritten` it also replaces what stands in the document between the marks of `name`. */
export function writeSection(name: string, text: string, isWritten: boolean): void {
  console.log(text);
  if (!isWritten) return;
  const begin = `<!-- what follows is written by ${name} -->\n`;
  const end = `\n<!-- end of ${name} -->`;
  const document = readFileSync(file, 'utf8');
  const from = document.indexOf(begin);
  const to = document.indexOf(end, from);
  if (from < 0 || to < 0) throw new Error(`${file} has no marks of ${name}`);
  writeFileSync(file, `${document.slice(0, from + begin.length)}\n${text}\n${document.slice(to)}`);
}
