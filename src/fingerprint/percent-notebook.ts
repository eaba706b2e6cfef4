/**
 * A `.py` notebook in percent format, cut into cells as jupytext cuts it (jupytext 1.19: `header.py`, `cell_reader.py`,
 * `stringparser.py`, `magics.py`, `cell_metadata.py`).
 *
 * jupytext turns some comments into code, and what it does with a cell may depend on its marker. So a cell is Python
 * whose comments say nothing only where that is sure; else it counts as it is written, and where it is not sure at
 * which lines cells begin, all that follows is one cell that counts as it is written.
 */
import { positionTags, runTags, type Cell, type ReadNotebook } from './notebook-cells.ts';

interface Piece {
  /** The line that begins the cell; absent for what stands before the first. */
  readonly marker?: string;
  readonly lines: string[];
}

/** Lines that begin a cell, unless they stand in quotes. */
const marker = /^\s*#\s*(?:%%%*\s.*|(?:%%|<codecell>|In\[[0-9 ]*\]:?)\s*)$/;
const fence = /^ {0,3}(`{3,}(?=[^`]*$)|~{3,})(.*)$/;

export function readPercent(source: string): ReadNotebook {
  const text = source.replace(/\r\n?/g, '\n');
  const { header, body, isPlain } = headerOf(text);
  if (!isPlain) return { header, isPython: true, cells: [{ kind: '', source: body, isExact: true }] };
  const pieces = cut(body);
  const cells: Cell[] = [];
  for (const [index, piece] of pieces.entries()) {
    const read = cellOf(piece);
    if (read === undefined) {
      const rest = pieces.slice(index).flatMap(({ marker: line, lines }) => (line === undefined ? lines : [line, ...lines]));
      cells.push({ kind: '', source: rest.join('\n'), isExact: true });
      break;
    }
    cells.push(read);
  }
  return { header, isPython: true, cells };
}

/** First lines that are no code, as `header_to_metadata_and_cell` takes them: executable, encoding, and the header in YAML. */
const first = /^(?:#(?:!.*|[ \t]*)\n)?(?:(?=.*\n)[ \t\f]*#.*?coding[:=].*\n)?/;
const yaml = /^(?:#[ \t]*\n)*# ?---[ \t]*\n((?:#.*\n)*?)# ?---[ \t]*(?:\n|$)/;
/** Lines of the header's section `jupyter` that leave percent format and Python as they are, without blanks at the end. */
const known =
  /^\s+(?:(?:jupytext|text_representation|kernelspec|language_info|codemirror_mode):|extension: \.py|format_name: percent|formats: (?:[\w./]*(?:ipynb|:percent|\bmd(?::\w+)?)(?:,|$))+|(?:cell|notebook)_metadata_filter: [\w.,-]+|(?:main_)?language: python|(?:format_version|jupytext_version|display_name|name|version|mimetype|file_extension|nbconvert_exporter|pygments_lexer): [\w .()+'/-]*)$/;

/** `isPlain`: cells of Python follow, in percent format. The header names the kernel; its title, and which jupytext wrote the header, say nothing. */
function headerOf(text: string): { readonly header: string; readonly body: string; readonly isPlain: boolean } {
  const start = first.exec(text)?.[0] ?? '';
  const [whole = '', inner = ''] = yaml.exec(text.slice(start.length)) ?? [];
  const body = text.slice(start.length + whole.length);
  // Python splits lines at some of these, or takes them for spaces. Three dashes begin a header, one that was not understood.
  const isOdd = /[\ufeff\v\f\x1c-\x1f\x85\u2028\u2029]/.test(text) || (whole === '' && /^(?:#.*\n)*#[ \t]*---[ \t]*(?:\n|$)/.test(body));
  let inJupyter = false;
  let isKnown = !/^#.*\bkernelspec\b/m.test(inner) || /^#\s+(?:language: python|name: '?python[\d.]*'?)\s*$/m.test(inner);
  for (const line of inner.split('\n').map((each) => each.replace(/^# ?/, ''))) {
    if (/^\S/.test(line)) inJupyter = /^jupyter\s*:\s*$/.test(line);
    else if (inJupyter && line !== '' && !known.test(line.trimEnd())) isKnown = false;
  }
  return { header: withoutTitles(start + whole), body, isPlain: isKnown && !isOdd };
}

function withoutTitles(header: string): string {
  const withoutVersion = header.replace(/^(#\s+)jupytext_version: [\d.]+$/gm, '$1');
  return withoutVersion.replace(/^(#\s+display_name: )(.*)$/gm, (line, key: string, value: string) => (value === '' ? `${key}~` : displayName.test(value) ? key : line));
}

/**
 * Of these YAML makes text, in which nothing else can hide: without quotes, as words that it does not take for a truth
 * value, nothing or a number (PyYAML's `resolver.py`, and more), which nbformat would refuse; or in quotes.
 */
const displayName = /^(?:(?!(?:true|false|yes|no|on|off|y|n|null|none|\.inf|\.nan) *$)\.?[a-z][\w .()+/-]*|'[\w .()+/-]+' *)$/i;

function cut(body: string): readonly Piece[] {
  const pieces: Piece[] = [{ lines: [] }];
  let quotes: string | undefined;
  // What ends the file begins no line.
  for (const line of body.replace(/\n$/, '').split('\n')) {
    if (quotes === undefined && marker.test(line)) pieces.push({ marker: line, lines: [] });
    else {
      pieces.at(-1)?.lines.push(line);
      quotes = quotesAfter(line, quotes);
    }
  }
  return pieces;
}

/** The triple quotes in which the next line stands, as jupytext's `StringParser` sees it, which is not always as Python does. */
function quotesAfter(line: string, before: string | undefined): string | undefined {
  if (before === undefined && /^\s*#/.test(line)) return undefined;
  let [triple, single, at] = [before, undefined as string | undefined, -1];
  for (let index = 0; index < line.length; index += 1) {
    const char = line[index] ?? '';
    if (char === '#' && single === undefined && triple === undefined) break;
    if ((char !== '"' && char !== "'") || line[index - 1] === '\\') continue;
    if (single === char) single = undefined;
    else if (single !== undefined) continue;
    else if (index >= at + 3 && line.slice(Math.max(0, index - 2), index + 1) === char.repeat(3)) {
      if (triple === char) [triple, at] = [undefined, index];
      else if (triple === undefined) [triple, at] = [char, index];
    } else if (triple === undefined) single = char;
  }
  return triple;
}

/** `undefined`: it is not sure where the cell ends. */
function cellOf({ marker: line, lines }: Piece): Cell | undefined {
  const source = lines.join('\n');
  // Also where another jupytext may see a marker that this one takes for quoted.
  const isExact = lines.some((each) => isMagic(each) || marker.test(each));
  if (line === undefined) return { kind: '', source, isExact };
  const title = titleOf(line);
  const isText = /(?:^| )\[(?:markdown|md|raw)\]/.test(title.words);
  // Another language may quote otherwise.
  if (title.tags === undefined && /"""|'''/.test(source)) return undefined;
  // Fenced text may hold lines like markers, if it is text.
  if ((isText || title.tags === undefined) && hasOpenFence(lines)) return undefined;
  const kind = (tags: readonly string[]): string => tags.filter((tag) => title.tags?.includes(tag)).join(' ');
  if (isText) return { kind: title.tags === undefined ? line.trim() : kind(positionTags), source: '', isText };
  return title.tags === undefined ? { kind: line.trim(), source, isExact: true } : { kind: kind(runTags), source, isExact };
}

/** Metadata that do nothing when a notebook runs, and may have any value (nbformat looks at others, and refuses a notebook). */
const idle = new Set(['slideshow', 'editable', 'deletable']);

/** A marker's title with what stands for the cell's type, and its tags; no tags where it has other metadata, or may have. */
function titleOf(line: string): { readonly words: string; readonly tags?: readonly string[] } {
  const text = line.replace(/^\s*#\s*(?:%%|<codecell>|In\[[0-9 ]*\]:?)/, '').trim();
  const start = text.search(/[{=]/);
  const words = start < 0 ? text : text[start] === '{' ? text.slice(0, start) : withoutLastWord(text.slice(0, start));
  // Words that begin with a dot are metadata, and so are others in some places. Older versions of jupytext do not know indented markers.
  if (/[^\S ]|(?:^| )\.|\[(?!(?:markdown|md|raw)\])|[^ ]\[/.test(words) || (words.includes('[') && !line.startsWith('#'))) return { words: '' };
  const metadata = metadataOf(text.slice(words.length).trim());
  if (metadata === undefined || Object.keys(metadata).some((key) => key !== 'tags' && !idle.has(key))) return { words };
  const tags: unknown = 'tags' in metadata ? metadata['tags'] : [];
  const isPlain = Array.isArray(tags) && new Set(tags).size === tags.length && tags.every((tag) => typeof tag === 'string' && /^(?!active-)[^,\n]+$/.test(tag));
  return isPlain ? { words, tags: tags as readonly string[] } : { words };
}

/** The name of `key=value`, or of `key = value`. */
function withoutLastWord(text: string): string {
  let end = text.length;
  while (text[end - 1] === ' ') end -= 1;
  return text.slice(0, text.slice(0, end).lastIndexOf(' ') + 1);
}

/** An object in JSON, or one `key=value`. */
function metadataOf(text: string): Readonly<Record<string, unknown>> | undefined {
  if (text === '') return {};
  try {
    const [, key, value = ''] = /^([\w.@/-]+)=(\S.*)$/.exec(text) ?? [];
    if (key !== undefined) return { [key]: JSON.parse(value) as unknown };
    return text.startsWith('{') ? (JSON.parse(text) as Record<string, unknown>) : undefined;
  } catch {
    return undefined;
  }
}

function hasOpenFence(lines: readonly string[]): boolean {
  let open: string | undefined;
  let quotes: string | undefined;
  for (const line of lines) {
    const isQuoted = quotes !== undefined;
    quotes = quotesAfter(line, quotes);
    if (isQuoted) continue;
    const [, marks, after = ''] = fence.exec(line.replace(/^# ?/, '')) ?? [];
    if (marks === undefined) continue;
    if (open === undefined) open = marks;
    else if (marks.startsWith(open) && after.trim() === '') open = undefined;
  }
  return open !== undefined;
}

/** Lines that jupytext takes for magics, and takes the `#` from: `# %matplotlib inline`, `# !ls`, `# x?`, `# cd ..`, and the lines that continue them. */
function isMagic(line: string): boolean {
  // What a lookahead has taken is not tried again in parts: a line of `#` would take the square of its length.
  return /^\s*(?=((?:#\s*)*))\1(?:[%!?]|\S*\?\s*$|[A-Za-z_][\w$]*\s*=\s*[%!])/.test(line) || /^(?:#\s*)*(?:cat|cd|copy|cp|ddir|echo|ldir|ls|mkdir|mv|ren|rm|rmdir)(?:$|\s(?![=,]))/.test(line);
}
