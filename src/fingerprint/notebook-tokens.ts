/**
 * A notebook as what its run depends on: the code cells in order, the tags that its run obeys, and the kernel. Markdown,
 * outputs, execution counts and all other metadata are left out. `undefined`: not understood.
 */
import { positionTags, runTags, type Cell, type ReadNotebook } from './notebook-cells.ts';
import { readPercent } from './percent-notebook.ts';
import { newline, pythonTokens, type PythonTokens } from './python-tokens.ts';

export interface NotebookTokens extends PythonTokens {
  /** Of each code cell, the text without docstrings. */
  readonly cells: readonly string[];
}

/** Before the text of a cell that counts as it is written, so that it is never taken for tokens. */
export const exactMark = '\x03';

/** nbformat 4; `.py` in percent format as jupytext reads it. */
export function notebookTokens(text: string, isIpynb: boolean): NotebookTokens | undefined {
  const read = isIpynb ? readIpynb(text) : readPercent(text);
  if (read === undefined) return undefined;
  const cells = read.cells
    .map((cell) => ({ ...cell, ...cellTokens(cell, read.isPython) }))
    .filter((cell) => cell.withDocstrings !== '' || cell.kind !== '');
  const join = (texts: readonly string[]): string => JSON.stringify([read.header, ...cells.map((cell, index) => [cell.kind, texts[index] ?? ''])]);
  return {
    cells: cells.filter((cell) => cell.isText !== true).map((cell) => cell.code),
    code: join(cells.map((cell) => cell.code)),
    withDocstrings: join(cells.map((cell) => cell.withDocstrings)),
  };
}

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
    const languages = [metadata?.language_info?.name, metadata?.kernelspec?.language].filter((name) => name !== undefined);
    return {
      header: JSON.stringify([kernel, languages[0] ?? 'python']),
      isPython: languages.length === 0 ? /^(?:python[\d.]*)?$/.test(kernel) : languages.every((name) => name === 'python'),
      cells: (cells as NonNullable<Ipynb['cells']>).map(({ cell_type: type, source, metadata: { tags = [] } = {} }) => {
        const isText = type !== 'code';
        const kind = (isText ? positionTags : runTags).filter((tag) => tags.includes(tag)).join(' ');
        return { kind, source: isText ? '' : typeof source === 'string' ? source : (source ?? []).join(''), isText };
      }),
    };
  } catch {
    return undefined;
  }
}

/** Beginnings of lines that IPython may take for magics, shell commands, automatic calls or prompts, and assignments of what they give. Help (`x?`) is no Python token. */
const magic = /^[^\S\n]*(?:[%!?,;/]|>>>|\.{3,}:|(?:\[(?:nav|ins)\])? ?In \[\d|[^\W\d]\w*[ \t]+(?:[\w'"~\\$]|[./-]+\S))|^\.\.\.|=\s*[%!]/m;
const statement = /^[^\S\n]*(?:(?:False|None|True|assert|async|await|break|class|continue|def|del|elif|else|except|finally|for|from|global|if|import|lambda|nonlocal|not|pass|raise|return|try|while|with|yield)\b.*|[^\W\d]\w*[ \t]+(?:in|is|and|or|not|if|for|else)\b.*)$/gm;
/**
 * In a cell of one line a magic needs no `%` (`ls *.csv`), and which names are magics is not known: it may be one unless
 * an assignment, a call or a subscript follows. Those take IPython's own commands too, as long as nobody uses the name.
 */
const automagic =
  /^(?:[ \t]*(?:#.*)?\n)*(?!(?:False|None|True|assert|async|await|break|class|continue|def|del|for|from|global|if|import|lambda|nonlocal|not|pass|raise|return|try|while|with|yield)\b)(?:[^\W\d]\w*(?![\w.([])(?!\s*[=,])|(?:cat|cp|env|ls|mv|rm|run|sc|set_env|store|sx|system|time|timeit|prun)[([])/;
/** IPython moves the lines to the left, those in strings too. */
const indented = /^(?:[ \t]*\n)*[ \t]+\S/;

function cellTokens({ source, isExact = false }: Cell, isPython: boolean): PythonTokens {
  if (!isExact && !/\S/.test(source)) return { code: '', withDocstrings: '' };
  if (isExact || !isPython) return exactly(source);
  const isMagic = magic.test(source.replace(statement, (line) => (/=\s*[%!]/.test(line) ? line : '')));
  const tokens = isMagic || indented.test(source) ? undefined : pythonTokens(source, { moduleDocstring: false });
  if (tokens === undefined) return exactly(source);
  const isOneLine = tokens.tokens.indexOf(newline) === tokens.tokens.length - 1;
  return isOneLine && automagic.test(source) ? exactly(source) : tokens;
}

function exactly(source: string): PythonTokens {
  const code = `${exactMark}${source}`;
  return { code, withDocstrings: code };
}
