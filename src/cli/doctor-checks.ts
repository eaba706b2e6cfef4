/** What must be so for a pipeline to run and be watched here: each check says what it found, and what to do. */
import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { access, constants, readdir, readFile, statfs } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { disk } from '../app/disk.ts';
import { pythonHelperFolder } from '../app/installation.ts';
import { loadPipeline } from '../definition/load-pipeline.ts';
import { findInterpreter } from '../execution/interpreter.ts';
import { formatDiagnostic, hasErrors } from '../model/diagnostic.ts';
import { writerIsAlive } from '../recording/writer.ts';
import type { LoadedGraph } from '../protocol/session.ts';
import { diagnosticCount } from './diagnostics.ts';
import { namePath, type PipelinePlace } from './pipeline-file.ts';
import { formatBytes, plural } from './text.ts';

const run = promisify(execFile);

export interface Check {
  readonly name: string;
  readonly status: 'ok' | 'warn' | 'fail';
  readonly message: string;
  readonly advice?: string;
}

export interface DoctorQuestion {
  /** `undefined` where there is no pipeline file: then the machine alone is checked. */
  readonly place: PipelinePlace | undefined;
  readonly cwd: string;
  readonly environment: Readonly<Record<string, string | undefined>>;
}

export async function checkMachine(question: DoctorQuestion): Promise<readonly Check[]> {
  const { place, cwd } = question;
  const folder = place === undefined ? cwd : dirname(place.file);
  const graph = place === undefined ? undefined : await loadGraph(place, question.environment);
  const checks = await Promise.all([
    Promise.resolve(checkPipelineFile(place, graph, cwd)),
    checkPython(question, folder, graph),
    checkGit(folder),
    checkWriteAccess(folder),
    checkDisk(folder),
    checkFileWatching(),
    checkCutOffRuns(place),
  ]);
  return checks.flat();
}

async function loadGraph(place: PipelinePlace, environment: DoctorQuestion['environment']): Promise<LoadedGraph | undefined> {
  try {
    const text = await readFile(place.file, 'utf8');
    return loadPipeline({ file: place.file, text, environment, disk }).graph;
  } catch {
    return undefined;
  }
}

function checkPipelineFile(place: PipelinePlace | undefined, graph: LoadedGraph | undefined, cwd: string): readonly Check[] {
  const name = 'pipeline';
  if (place === undefined) return [{ name, status: 'warn', message: 'there is no runweave.yaml here or in a folder above', advice: 'start a pipeline with: runweave init' }];
  const file = namePath(place.file, cwd);
  if (graph === undefined) return [{ name, status: 'fail', message: `${file} can't be read` }];
  const count = diagnosticCount(graph.diagnostics);
  if (count === '') return [{ name, status: 'ok', message: `${file}: ${plural(graph.tasks.length, 'task')}` }];
  const worst = graph.diagnostics.find((diagnostic) => diagnostic.severity === 'error') ?? graph.diagnostics.find((diagnostic) => diagnostic.severity === 'warning');
  return [{ name, status: hasErrors(graph.diagnostics) ? 'fail' : 'warn', message: `${file}: ${count}`, ...(worst !== undefined && { advice: formatDiagnostic(worst, file) }) }];
}

const notebookPackages = ['nbclient', 'nbformat', 'ipykernel', 'jupytext'] as const;

async function checkPython({ environment }: DoctorQuestion, folder: string, graph: LoadedGraph | undefined): Promise<readonly Check[]> {
  const name = 'python';
  const needed = graph === undefined || graph.tasks.some((task) => task.kind !== 'shell');
  const found = await findInterpreter({ folder, workspace: folder, environment });
  if (!found.ok) return [{ name, status: needed ? 'fail' : 'ok', message: needed ? found.message : 'none found, and no task needs one' }];
  const { path, version, origin } = found.interpreter;
  const interpreter: Check = { name, status: found.passedOver === undefined ? 'ok' : 'warn', message: `${version}, ${path} (${origin})`, ...(found.passedOver !== undefined && { advice: found.passedOver }) };
  const [, major = 0, minor = 0] = (/(\d+)\.(\d+)/.exec(version) ?? []).map(Number);
  if (major < 3 || (major === 3 && minor < 9)) return [{ ...interpreter, status: needed ? 'fail' : 'warn', advice: 'tasks need Python 3.9 or newer' }];
  const notebooks = graph?.tasks.filter((task) => task.kind === 'notebook') ?? [];
  const warm = await checkWarm(path, environment);
  if (notebooks.length === 0) return [interpreter, warm];
  return [interpreter, warm, await checkNotebookPackages(path, notebooks.some((task) => task.source.endsWith('.py')))];
}

/** Whether Python tasks can fork from a process that has loaded their packages. Nothing depends on it but time. */
async function checkWarm(python: string, environment: DoctorQuestion['environment']): Promise<Check> {
  const name = 'warm python';
  if (process.platform !== 'linux') return { name, status: 'ok', message: 'not on this system: Python tasks start fresh, also while watching' };
  if (environment['RUNWEAVE_WARM'] === 'off') return { name, status: 'ok', message: 'switched off by RUNWEAVE_WARM' };
  // As the process itself finds out at its start.
  const script = 'import sys\nsys.path.insert(0, sys.argv[1])\nfrom _runweave import preload\npreload.load("_runweave.warm")\nopen("/proc/self/mem", "r+b").close()\nprint(preload.is_followed())';
  try {
    const { stdout } = await run(python, ['-I', '-c', script, pythonHelperFolder()], { timeout: 120_000, windowsHide: true });
    if (stdout.trim() === 'True') return { name, status: 'ok', message: 'while watching, Python tasks fork from a process that has loaded their packages' };
    return { name, status: 'warn', message: 'this Python imports in another way', advice: 'Python tasks start fresh, also while watching: use CPython 3.9 to 3.14 for a quicker start' };
  } catch (error) {
    return { name, status: 'warn', message: `does not work here: ${lastLine(error)}`, advice: 'Python tasks start fresh, also while watching' };
  }
}

/** Jupytext reads percent-format `.py` notebooks; for `.ipynb` alone it is not needed. */
async function checkNotebookPackages(python: string, needsJupytext: boolean): Promise<Check> {
  const name = 'notebooks';
  const wanted = notebookPackages.filter((each) => each !== 'jupytext' || needsJupytext);
  const script = `import importlib.util as u, sys\nprint(*[n for n in sys.argv[1:] if u.find_spec(n) is None])`;
  try {
    const { stdout } = await run(python, ['-c', script, ...wanted], { timeout: 120_000, windowsHide: true });
    const missing = stdout.trim();
    if (missing === '') return { name, status: 'ok', message: `${wanted.join(', ')} are installed` };
    return { name, status: 'fail', message: `not installed: ${missing.replaceAll(' ', ', ')}`, advice: `${python} -m pip install ${missing}` };
  } catch (error) {
    return { name, status: 'fail', message: `the packages could not be looked up: ${firstLine(error)}` };
  }
}

async function checkGit(folder: string): Promise<readonly Check[]> {
  const name = 'git';
  try {
    const { stdout: version } = await run('git', ['--version'], { timeout: 60_000, windowsHide: true });
    try {
      await run('git', ['rev-parse', '--is-inside-work-tree'], { cwd: folder, timeout: 60_000, windowsHide: true });
      return [{ name, status: 'ok', message: version.trim() }];
    } catch {
      return [{ name, status: 'warn', message: `${version.trim()}, but this folder is not in a checkout`, advice: 'records will name no commit; make a repository with: git init' }];
    }
  } catch {
    return [{ name, status: 'warn', message: 'not found', advice: 'records will name no commit; install git' }];
  }
}

async function checkWriteAccess(folder: string): Promise<readonly Check[]> {
  const name = 'folder';
  const records = join(folder, '.runweave');
  for (const each of [folder, records, join(records, 'runs'), join(records, 'live')].filter((path) => existsSync(path))) {
    try {
      await access(each, constants.W_OK);
    } catch {
      return [{ name, status: 'fail', message: `${each} can't be written`, advice: 'runs are recorded there; change its owner or its permissions' }];
    }
  }
  return [{ name, status: 'ok', message: `${folder} can be written` }];
}

const littleSpace = 1e9;
const noSpace = 50e6;

async function checkDisk(folder: string): Promise<readonly Check[]> {
  const { bavail, bsize } = await statfs(folder);
  const free = bavail * bsize;
  const check = { name: 'disk', message: `${formatBytes(free)} free` };
  if (free >= littleSpace) return [{ ...check, status: 'ok' }];
  return [{ ...check, status: free < noSpace ? 'fail' : 'warn', advice: 'records and artifacts need space; free some' }];
}

const fewWatches = 65_536;

async function checkFileWatching(): Promise<readonly Check[]> {
  if (process.platform !== 'linux') return [];
  const name = 'watching';
  try {
    const limit = Number(await readFile('/proc/sys/fs/inotify/max_user_watches', 'utf8'));
    const message = `up to ${limit} files and folders (fs.inotify.max_user_watches)`;
    if (limit >= fewWatches) return [{ name, status: 'ok', message }];
    return [{ name, status: 'warn', message, advice: 'large projects need more: sudo sysctl fs.inotify.max_user_watches=524288' }];
  } catch {
    return [{ name, status: 'warn', message: 'the limit of inotify could not be read' }];
  }
}

/** Event logs of runs whose executor is gone: nothing is lost, the next run seals them. */
async function checkCutOffRuns(place: PipelinePlace | undefined): Promise<readonly Check[]> {
  if (place === undefined) return [];
  const live = join(place.records, 'live');
  const logs = existsSync(live) ? (await readdir(live)).filter((entry) => entry.endsWith('.jsonl')) : [];
  const dead = logs.filter((log) => !writerIsAlive(join(live, log)));
  const name = 'runs';
  if (dead.length === 0) return [{ name, status: 'ok', message: logs.length === 0 ? 'none was cut off' : `${plural(logs.length, 'run')} in progress` }];
  const ids = dead.map((log) => log.slice(0, -'.jsonl'.length));
  return [{ name, status: 'warn', message: `cut off: ${ids.join(', ')}`, advice: 'what was recorded is sealed by the next runweave run' }];
}

/** Of what a Python printed before it ended: the exception. */
function lastLine(error: unknown): string {
  const printed = (error as { readonly stderr?: string }).stderr?.trim().split('\n').at(-1);
  return printed === undefined || printed === '' ? firstLine(error) : printed;
}

function firstLine(error: unknown): string {
  return (error instanceof Error ? error.message : String(error)).split('\n')[0] ?? '';
}
