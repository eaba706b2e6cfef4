/**
 * A notebook as what its run depends on: the code cells in order, which of them holds the parameters, and the kernel.
 * Markdown, outputs, execution counts and all other metadata are left out. `undefined`: not understood.
 */
import { pythonTokens, type PythonTokens } from './python-tokens.ts';

export interface Cell {
  /** What is not code but counts: the tags that say where parameters go. */
  readonly kind: string;
  readonly source: string;
}

export interface NotebookTokens extends PythonTokens {
  /** Of each code cell, the text without docstrings. */
  readonly cells: readonly string[];
}

/** nbformat 4; `.py` in percent format as jupytext reads it. */
export function notebookTokens(text: string, isIpynb: boolean): NotebookTokens | undefined {
  const read = isIpynb ? readIpynb(text) : readPercent(text);
  if (read === undefined) return undefined;
  const cells = read.cells.map((cell) => ({ kind: cell.kind, ...(read.isPython ? cellTokens(cell.source, !isIpynb) : exactly(cell.source)) })).filter((cell) => cell.withDocstrings !== '' || cell.kind !== '');
  const join = (texts: readonly string[]): string => JSON.stringify([read.header, ...cells.map((cell, index) => [cell.kind, texts[index] ?? ''])]);
  const codes = cells.map((cell) => cell.code);
  return { cells: codes, code: join(codes), withDocstrings: join(cells.map((cell) => cell.withDocstrings)) };
}

interface ReadNotebook {
  readonly header: string;
  readonly isPython: boolean;
  readonly cells: readonly Cell[];
}

const parameterTags = ['parameters', 'injected-parameters'];

interface Ipynb {
  readonly nbformat?: number;
  readonly metadata?: { readonly kernelspec?: { readonly name?: string; readonly language?: string }; readonly language_info?: { readonly name?: string } };
  readonly cells?: readonly { readonly cell_type?: string; readonly source?: string | readonly string[]; readonly metadata?: { readonly tags?: readonly string[] } }[];
}

function readIpynb(text: string): ReadNotebook | undefined {
  try {
    const { nbformat, metadata, cells } = JSON.parse(text) as Ipynb;
    if (nbformat !== 4 || !Array.isArray(cells)) return undefined;
    const kernel = metadata?.kernelspec?.name ?? '';
    const language = metadata?.language_info?.name ?? metadata?.kernelspec?.language ?? 'python';
    return {
      header: JSON.stringify([kernel, language]),
      isPython: language === 'python',
      cells: (cells as NonNullable<Ipynb['cells']>)
        .filter((cell) => cell.cell_type === 'code')
        .map(({ source, metadata: { tags = [] } = {} }) => ({ kind: parameterTags.filter((tag) => tags.includes(tag)).join(' '), source: typeof source === 'string' ? source : (source ?? []).join('') })),
    };
  } catch {
    return undefined;
  }
}

const marker = /^#[ \t]*%%/;

function readPercent(text: string): ReadNotebook | undefined {
  // With an empty line before, as nothing is split at the very start.
  const [start = '', ...rest] = `\n${text.replace(/^\ufeff/, '').replace(/\r\n?/g, '\n')}`.split(/^(?=#[ \t]*%%)/m);
  const first = start.slice(1);
  // The header names the kernel; which jupytext wrote it says nothing.
  const [, header = '', body = first] = /^((?:# ---\n)(?:#.*\n)*?# ---(?:\n|$))([^]*)$/.exec(first) ?? [];
  const cells: Cell[] = [{ kind: '', source: body }];
  for (const cell of rest) {
    const line = cell.split('\n', 1)[0] ?? '';
    const source = cell.slice(line.length + 1);
    const isText = /\[(?:markdown|md|raw)\]/.test(line);
    // Text that is not in comments is kept: a string, which might also be code.
    if (isText && source.split('\n').every((each) => /^\s*(?:#.*)?$/.test(each))) continue;
    // A title says nothing; metadata may: tags, another language.
    cells.push({ kind: isText || /[=\[]/.test(line) ? line.replace(marker, '').trim() : '', source });
  }
  return { header: header.replace(/^#\s+(?:jupytext_version|display_name):.*\n/gm, ''), isPython: true, cells };
}

/** jupytext runs these comments of a `.py` notebook as magics: `# %matplotlib inline`, `# !ls`, `# x?`, `# cd ..`. */
function isMagicComment(comment: string): boolean {
  return /[%!?]/.test(comment) || /^#\s*(?:cat|cd|clear|copy|cp|ddir|dir|echo|ldir|less|lf|lk|ll|ls|lx|man|md|mkdir|more|mv|pwd|rd|ren|rep|rm|rmdir|store|alias|who|whos)\b/.test(comment);
}

/** Beginnings of lines that IPython may take for magics, shell commands or automatic calls. */
const magic = /^\s*(?:[%!?,;/]|[^\W\d]\w*[ \t]+(?:[\w'"~\\$]|[./-]+\S))|=\s*[%!]|\?\s*$/m;
const statement = /^\s*(?:(?:False|None|True|assert|async|await|break|class|continue|def|del|elif|else|except|finally|for|from|global|if|import|lambda|nonlocal|not|pass|raise|return|try|while|with|yield)\b.*|[^\W\d]\w*[ \t]+(?:in|is|and|or|not|if|for|else)\b.*)$/gm;

function cellTokens(source: string, isPercent: boolean): PythonTokens {
  const isMagic = magic.test(source.replace(statement, (line) => (/\?\s*$|=\s*[%!]/.test(line) ? line : '')));
  const tokens = isMagic ? undefined : pythonTokens(source, { moduleDocstring: false, ...(isPercent && { keepComment: isMagicComment }) });
  return tokens ?? exactly(source);
}

function exactly(source: string): PythonTokens {
  const trimmed = source.trim();
  // Not to be taken for tokens.
  const code = trimmed === '' ? '' : `exactly ${trimmed}`;
  return { code, withDocstrings: code };
}
