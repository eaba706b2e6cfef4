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
const version = 4 as number;

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
  /** Imported modules that may read docstrings unless they are of the workspace, by their first two names: `click`, `lib.text`. */
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
  // PEP 263, on lines as Python has them. Whatever is not clearly UTF-8 is left alone.
  const encoding = /^(?:[ \t\f]*(?:#[^\n]*)?\n)?[ \t\f]*#[^\n]*?coding[:=][ \t]*([-\w.]+)/.exec(text.replace(/\r\n?/g, '\n'))?.[1];
  const hasMark = bytes[0] === 0xef;
  if (!isIpynb && encoding !== undefined && !(hasMark ? /^utf-8$/i : /^utf[-_]?8$/i).test(encoding)) return undefined;
  const notebook = kind === 'notebook' ? notebookTokens(text, isIpynb) : undefined;
  const python = kind === 'notebook' ? undefined : pythonTokens(text);
  const tokens = notebook ?? python;
  if (tokens === undefined) return undefined;
  const code = asPythonReads(notebook === undefined ? tokens.code : notebookText(notebook.cells));
  return {
    version,
    // By view, so that a digest of one is never taken for one of another.
    code: digest('code', tokens.code),
    docstrings: digest('docstrings', tokens.withDocstrings),
    view: readsText.test(withoutFolders(code)) || (notebook !== undefined && readsCells(notebook.cells, code)) ? 'bytes' : readsDocstrings.test(code.replace(literalGetattr, '')) ? 'docstrings' : 'code',
    imports: [...new Set([...importsOf(code), ...(notebook?.cells ?? []).flatMap(writtenImports)])].filter((module) => !indifferent.has(firstName(module)) && !indifferent.has(module)),
    ...(kind === 'module' && python !== undefined && { module: moduleParts(python.tokens, code) }),
    ...(notebook !== undefined && { cells: notebook.cells.map((cell) => hash('sha256', cell, 'hex').slice(0, 16)) }),
  };
}

/**
 * How closely a task with these sources must compare them; the first is its own, `isCall`: a module that is found from the
 * pipeline's folder. `undefined`: a source that is not understood, which may do anything.
 */
export function viewOf(sources: Readonly<Record<string, Meaning | undefined>>, isCall = false): View {
  const own = ownModules(sources, isCall);
  let view: View = 'code';
  for (const meaning of Object.values(sources)) {
    if (meaning === undefined || meaning.view === 'bytes') return 'bytes';
    const packages = meaning.imports.filter((module) => !own.has(module) && !own.has(firstName(module)));
    if (packages.some((module) => showsLines.has(firstName(module)))) return 'bytes';
    if (meaning.view === 'docstrings' || packages.length > 0) view = 'docstrings';
  }
  return view;
}

/**
 * What an import of one of these files may be called: `text`, and `lib.text` of a folder that is no package, which Python
 * takes only where no installed package has its name. No folder of a package is searched, nor one that imports name as a
 * part of a module's name, as of a `call` that of its module; that of a script is in any case.
 */
function ownModules(sources: Readonly<Record<string, Meaning | undefined>>, isCall: boolean): ReadonlySet<string> {
  const files = Object.keys(sources);
  const folderOf = (file: string): string => file.slice(0, Math.max(0, file.lastIndexOf('/')));
  const packages = new Set(files.filter((file) => /(?:^|\/)__init__\.\w+$/.test(file)).map(folderOf));
  const imports = new Set(Object.values(sources).flatMap((meaning) => meaning?.imports ?? []));
  const [task = ''] = files;
  const base = isCall ? '' : folderOf(task);
  const modules = new Set<string>();
  for (const file of files) {
    const parts = file.replace(/(?:\/__init__)?\.\w+$/, '').split('/');
    for (const [at, first] of parts.entries()) {
      const folder = parts.slice(0, at).join('/');
      const isNamed = packages.has(folder) || imports.has(`${parts[at - 1]}.${first}`) || (isCall && task.startsWith(`${folder}/`));
      if (folder !== base && isNamed) continue;
      const isRegular = at === parts.length - 1 || packages.has(parts.slice(0, at + 1).join('/'));
      modules.add(isRegular ? first : `${first}.${parts[at + 1]}`);
    }
  }
  return modules;
}

function firstName(module: string): string {
  return module.split('.', 1)[0] ?? '';
}

function digest(view: View, text: string): Digest {
  return `sha256:${hash('sha256', `${view}\n${text}`, 'hex')}` as Digest;
}

/** Names are the same for Python in each form that Unicode has for them: `ｅval`. */
function asPythonReads(code: string): string {
  const normal = code.normalize('NFKC');
  return normal === code ? code : `${code}\n${normal}`;
}

/** Tokens have a space between them, which the patterns rely on. In strings too: they may be run, or name an attribute. */
const readsText = new RegExp(
  [
    // Source text.
    String.raw`\b(?:getsource\w*|getcomments|findsource|getblock|linecache|get_source|open_code|source_to_code|__loader__|__spec__|__cached__|__file__)\b|(?<!\. )\btokenize\b|\.(?:py|ipynb)\b|(?:\bnp|\bnumpy) \. source\b`,
    // Numbers of lines.
    String.raw`\b(?:co_(?:firstlineno|lnotab|linetable|lines|positions)|f_lineno|tb_lineno|lineno|(?:f|tb)_lasti|__firstlineno__|stacklevel|findCaller|getframeinfo|get(?:outer|inner)frames)\b|\binspect \. (?:stack|trace)\b|\bfrom inspect import [^\n]*(?:\b(?:stack|trace)\b|\*)|(?:\binspect as|= inspect(?! [.(]))\b`,
    // All that a log record knows, and what counts the lines that run.
    String.raw`\brecord \. __dict__|\bvars \( record \)|\b(?:settrace|sys \. monitoring)\b`,
    // Code as a value, which is compared and written with them, and since 3.13 what a metaclass gets.
    String.raw`\b__code__\b(?! \. (?:co_|replace))|\b(?:dill|cloudpickle)\b|\bimport (?:[^\n;]*, )?(?:marshal|dis)\b|\bfrom (?:marshal|dis) import\b|\bmetaclass\b(?! = (?:abc \. )?ABCMeta [,)])|\b__prepare__\b|\bclass [^\n ]+ \( (?:[^\n:]* , )?(?:\w+ \. )?(?:type|ABCMeta|EnumMeta|EnumType) [,)]`,
    // Tracebacks and warnings as values, or to somewhere else than the task's own output.
    String.raw`\b(?:(?:format|extract|walk)_(?:exc|exception|stack|tb)|TracebackException|StackSummary|dump_traceback\w*|showwarning|formatwarning)\b|\bcatch_warnings [(,] [^\n]*\brecord = (?!False\b)|\bprint_(?:exc|exception|last|stack|tb) \( [^\n]*\bfile = (?!sys \. std(?:err|out)\b)|\bprint_(?:exc|last) \( [^\n()]+ , [^\n()=]*[,)]|\bprint_(?:tb|stack) \((?:[^\n,]*,){2}|\bprint_exception \((?: \*[^\n,]*,[^\n,=]*,|(?:[^\n,=]*,){4})|\b(?:redirect_stderr|dup2)\b|\bsys \. stderr =(?!=)`,
    // Of a notebook.
    String.raw`\b(?:_ih|get_ipython)\b`,
  ].join('|'),
);
const readsDocstrings =
  /\b(?:__doc__|getdoc|__dict__|__getattribute__|__code__|__import__|builtins|__builtins__|attrgetter|getmembers|getattr|getattr_static|f_code|oinspect|get_(?:referents|referrers|objects))\b|(?<!\. )\b(?:eval|exec|compile|help|vars|dir|globals|locals)\b(?! =)|\b(?:np|numpy) \. (?:info|lookfor)\b|\bfrom numpy import [^\n]*(?:\b(?:info|lookfor|source)\b|\*)|\bnumpy as (?!np\b)|\{\w*\.[\w.]*(?:["']|%[(\w]|\{)/;

/** What one argument is made of: brackets up to three deep with anything in them, and outside of those no comma or star. */
const inArgument = String.raw`[^()[\]{},*\n"'\\]|"(?!"")[^"\n\\]*"`;
const argument = [1, 2, 3].reduce((inner) => String.raw`${inArgument}|[([{](?:${inner}|[,*])*[)\]}]`, inArgument);
/** Its name alone, as its first argument may have another one in it. */
const literalGetattr = new RegExp(String.raw`\bgetattr(?= \((?:${argument})+, "(?!__)\w+" [,)])`, 'g');

/**
 * The folder of the script is no text of it, nor are its name without the ending, or other files beside it. Its whole
 * name would do for another program to read it. What is beside it is named by a literal, which stays to be looked at.
 */
function withoutFolders(code: string): string {
  return code.replace(folders, '');
}
const scriptFile = String.raw`(?:(?:os \. path \. )?(?:abspath|realpath) \( __file__ \)|__file__)`;
const folders = new RegExp(
  [
    String.raw`\bPath \( ${scriptFile} \)(?: \. (?:resolve|absolute) \( \))?(?= \. (?:(?:parents?|stem)\b|with_(?:suffix|name) \( "[^"\\]*" \)))`,
    String.raw`\bdirname \( ${scriptFile} \)`,
    String.raw`\bsplit \( ${scriptFile} \) \[ 0 \]`,
    String.raw`\bsplitext \( (?:os \. path \. )?basename \( ${scriptFile} \) \) \[ 0 \]`,
    String.raw`\bjoin \( ${scriptFile} (?=, (?:"\.\.["/]|os \. (?:path \. )?pardir\b))`,
  ].join('|'),
  'g',
);

function* importsOf(code: string): Generator<string> {
  for (const [, names, module, rest = ''] of code.matchAll(/(?:^|[\n;:\x01\x02]) ?(?:import ([^\n;]*)|from ([^\n ]+) ([^\n;]*))/g)) {
    for (const name of names?.split(',') ?? []) yield /^ ?([^ ]+)(?: (\.) ([^ ]+))?/.exec(name)?.slice(1).join('') ?? '';
    if (module === undefined || module.startsWith('.')) continue;
    const below = /^\. ([^ ]+)/.exec(rest)?.[1];
    if (below !== undefined) yield `${module}.${below}`;
    else for (const [, name = ''] of rest.matchAll(/(?:import|,)[ (]+([^ ,()]+)/g)) yield `${module}.${name}`;
  }
}

/**
 * Modules that do nothing with docstrings or source text of the code that uses them (what they are asked for by name is
 * seen above), and find no function by a name that nothing mentions. Not `ctypes`, which reaches all of Python by
 * `pythonapi`, nor `optparse`, whose values can be read from a module.
 */
const indifferent = new Set(
  (
    '__future__ abc argparse array asyncio atexit base64 binascii bisect calendar cmath codecs collections colorsys concurrent configparser contextlib contextvars copy csv dataclasses datetime decimal difflib enum errno fnmatch fractions functools gc getpass glob graphlib gzip hashlib heapq hmac html http io ipaddress itertools json keyword locale logging lzma math mimetypes multiprocessing numbers operator os pathlib pickle platform pprint queue random re resource sched secrets select shelve shlex shutil signal socket sqlite3 ssl stat statistics string struct subprocess sys tarfile tempfile textwrap threading time timeit tomllib traceback types typing unicodedata urllib uuid warnings weakref xml zipfile zlib zoneinfo ' +
    'runweave numpy pandas scipy sklearn matplotlib seaborn polars pyarrow joblib yaml requests tqdm PIL psutil dateutil pytz threadpoolctl skl2onnx onnx onnxruntime lightgbm xgboost duckdb h5py openpyxl cv2 skimage networkx IPython.display typing_extensions'
  ).split(' '),
);

/** Modules that write numbers or text of lines which ran into their results without being asked by name. */
const showsLines = new Set('bdb cProfile cgitb coverage executing icecream line_profiler profile pstats pytest snoop trace tracemalloc unittest varname'.split(' '));
