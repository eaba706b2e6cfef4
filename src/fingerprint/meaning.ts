/**
 * What of a Python source or notebook counts for a task that runs it: its meaning, unless the task can read the text.
 *
 * A docstring counts if any source of the task could read one. That can't be seen from outside, so it is decided by
 * what the sources name: `__doc__`, `getattr` with a computed name, `eval`, … or the import of a package that is
 * neither one of the workspace nor on the list of those that do nothing with the docstrings of who uses them.
 * A comment or the number of a line counts, then with every byte, if a source names something that reads source text.
 */
import { hash } from 'node:crypto';
import type { Digest } from '../model/fingerprint.ts';
import { moduleParts, type ModuleParts } from './module-parts.ts';
import { notebookText, readsCells, writtenImports } from './notebook-text.ts';
import { notebookTokens } from './notebook-tokens.ts';
import { pythonTokens } from './python-tokens.ts';

/** Changes whenever a source may get another digest. */
const version = 2 as number;

/** `module`: with its parts, for a task that calls a function. */
export type SourceKind = 'python' | 'notebook' | 'module';
/** How closely a task's sources are compared. */
export type View = 'bytes' | 'docstrings' | 'code';
/** From what sees least to what sees all. */
export const views: readonly View[] = ['code', 'docstrings', 'bytes'];

export interface Meaning {
  readonly version: number;
  readonly code: Digest;
  readonly docstrings: Digest;
  /** How closely sources must be compared because of what this one names. */
  readonly view: View;
  /** First names of imported modules that may read docstrings unless they are of the workspace. */
  readonly imports: readonly string[];
  /** Digests of a notebook's code cells. */
  readonly cells?: readonly string[];
  readonly module?: ModuleParts;
}

export function isCurrent(meaning: Meaning): boolean {
  return meaning.version === version;
}

/** What the digest of `relative` stands for when it is a source of a Python task; `undefined`: its bytes. */
export function sourceKind(relative: string, python: SourceKind): SourceKind | undefined {
  if (relative.endsWith('.ipynb')) return 'notebook';
  return relative.endsWith('.py') ? python : undefined;
}

/** `undefined` where it is not understood: a mistake in the syntax, another encoding than UTF-8, a file that is no notebook. */
export function meaningOf(bytes: Uint8Array, kind: SourceKind, isIpynb: boolean): Meaning | undefined {
  let text: string;
  try {
    text = new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    return undefined;
  }
  // PEP 263. Whatever is not clearly UTF-8 is left alone.
  const encoding = /^(?:[ \t\f]*(?:#.*)?\r?\n)?[ \t\f]*#.*?coding[:=][ \t]*([-\w.]+)/.exec(text)?.[1];
  const hasMark = bytes[0] === 0xef;
  if (!isIpynb && encoding !== undefined && !(hasMark ? /^utf-8$/i : /^utf[-_]?8$/i).test(encoding)) return undefined;
  const notebook = kind === 'notebook' ? notebookTokens(text, isIpynb) : undefined;
  const python = kind === 'notebook' ? undefined : pythonTokens(text);
  const tokens = notebook ?? python;
  if (tokens === undefined) return undefined;
  const code = notebook === undefined ? tokens.code : notebookText(notebook.cells);
  return {
    version,
    // By view, so that a digest of one is never taken for one of another.
    code: digest('code', tokens.code),
    docstrings: digest('docstrings', tokens.withDocstrings),
    view: readsText.test(withoutFolders(code)) || (notebook !== undefined && readsCells(notebook.cells, code)) ? 'bytes' : readsDocstrings.test(code.replace(literalGetattr, '')) ? 'docstrings' : 'code',
    imports: [...importsOf(code), ...(notebook?.cells ?? []).flatMap(writtenImports)].filter((name) => !indifferent.has(name)),
    ...(kind === 'module' && python !== undefined && { module: moduleParts(python.tokens, code) }),
    ...(notebook !== undefined && { cells: notebook.cells.map((cell) => hash('sha256', cell, 'hex').slice(0, 16)) }),
  };
}

/** How closely a task with these sources must compare them. `undefined`: a source that is not understood, which may do anything. */
export function viewOf(sources: Readonly<Record<string, Meaning | undefined>>): View {
  const own = new Set(Object.keys(sources).flatMap((file) => file.replace(/\.\w+$/, '').split('/')));
  let view: View = 'code';
  for (const meaning of Object.values(sources)) {
    if (meaning === undefined || meaning.view === 'bytes') return 'bytes';
    if (meaning.view === 'docstrings' || meaning.imports.some((name) => !own.has(name))) view = 'docstrings';
  }
  return view;
}

function digest(view: View, text: string): Digest {
  return `sha256:${hash('sha256', `${view}\n${text}`, 'hex')}` as Digest;
}

/** Tokens have a space between them, which the patterns rely on. In strings too: they may be run, or name an attribute. */
const readsText = /\b(?:getsource\w*|getcomments|findsource|getblock|linecache|get_source|open_code|source_to_code|__loader__|__spec__|__cached__|__file__|co_(?:firstlineno|lnotab|linetable|lines|positions)|f_lineno|tb_lineno|lineno|stacklevel|findCaller|extract_stack|extract_tb|getframeinfo|_ih|get_ipython)\b|(?<!\. )\btokenize\b|\.(?:py|ipynb)\b/;
const readsDocstrings =
  /\b(?:__doc__|getdoc|__dict__|__getattribute__|__code__|__import__|builtins|__builtins__|attrgetter|getmembers|getattr|getattr_static|f_code)\b|(?<!\. )\b(?:eval|exec|compile|help|vars|dir|globals|locals)\b(?! =)/;
const literalGetattr = /\bgetattr \( [\w. ]+ , "(?!__)\w+"(?= [,)])/g;

/** The folder of the script is no text of it. */
function withoutFolders(code: string): string {
  return code.replace(/\bPath \( __file__ \)(?: \. (?:resolve|absolute) \( \))? \. parents?\b|\bdirname \( (?:(?:os \. path \. )?(?:abspath|realpath) \( )?__file__ \)/g, '');
}

function* importsOf(code: string): Generator<string> {
  for (const [, names, module] of code.matchAll(/(?:^|[\n;:\x01\x02]) ?(?:import ([^\n;]*)|from ([^\n ]+) )/g)) {
    if (module !== undefined && !module.startsWith('.')) yield module;
    for (const name of names?.split(',') ?? []) yield name.trim().split(' ')[0] ?? '';
  }
}

/** Modules that do nothing with docstrings or source text of the code that uses them (what they are asked for by name is seen above). */
const indifferent = new Set(
  (
    '__future__ abc array asyncio base64 bisect calendar collections concurrent contextlib copy csv dataclasses datetime decimal difflib enum errno fnmatch fractions functools gc getpass glob gzip hashlib heapq hmac html http io itertools json locale logging lzma math mimetypes multiprocessing numbers operator os pathlib pickle platform pprint queue random re secrets select shelve shlex shutil signal socket sqlite3 ssl stat statistics string struct subprocess sys tarfile tempfile textwrap threading time timeit tomllib traceback types typing unicodedata urllib uuid warnings weakref xml zipfile zlib zoneinfo ' +
    'runweave numpy pandas scipy sklearn matplotlib seaborn polars pyarrow joblib yaml requests tqdm PIL psutil dateutil pytz threadpoolctl skl2onnx onnx onnxruntime lightgbm xgboost duckdb h5py openpyxl cv2 skimage networkx IPython typing_extensions'
  ).split(' '),
);
