/** Every command and option, once: the parser, the help and the suggestions all read this table. */
import { exportTargets } from '../exporters/export-target.ts';

export type CommandName = 'run' | 'retry' | 'restore' | 'watch' | 'plan' | 'graph' | 'gantt' | 'runs' | 'show' | 'logs' | 'compare' | 'recent' | 'history' | 'inspect' | 'trace' | 'tag' | 'note' | 'star' | 'archive' | 'name' | 'delete' | 'flag' | 'unflag' | 'review' | 'undo' | 'export' | 'site' | 'import' | 'gc' | 'init' | 'doctor' | 'schema';

/** The values of the options of all commands; a command reads those that its row lists. */
export interface OptionValues {
  readonly file?: string;
  readonly json: boolean;
  readonly 'no-color': boolean;
  readonly help: boolean;
  /** `KEY=VALUE` as written. */
  readonly set: readonly string[];
  readonly force: boolean;
  readonly jobs?: number;
  readonly 'on-failure'?: 'stop' | 'continue';
  readonly verbose: boolean;
  readonly format?: string;
  readonly limit?: number;
  readonly all: boolean;
  readonly attempt?: number;
  readonly params: boolean;
  readonly sources?: string;
  readonly search?: string;
  readonly 'keep-runs'?: number;
  readonly 'older-than'?: string;
  readonly 'dry-run': boolean;
  readonly github: boolean;
  readonly gitlab: boolean;
  readonly filter?: string;
  readonly view?: string;
  readonly views: boolean;
  readonly sort: readonly string[];
  readonly columns: readonly string[];
  readonly group: readonly string[];
  readonly archived: boolean;
  readonly remove: boolean;
  readonly forward: boolean;
  /** Folders. */
  readonly records: readonly string[];
  readonly 'stale-after'?: string;
  readonly differing: boolean;
  readonly why?: string;
  readonly good: readonly string[];
  readonly to?: string;
  readonly output?: string;
  readonly baseline?: string;
  readonly 'self-contained': boolean;
  readonly convert: boolean;
  readonly keep?: number;
  readonly since?: string;
  readonly 'max-size'?: string;
  readonly title?: string;
  readonly series?: string;
  readonly details: boolean;
  readonly key?: string;
}
export type OptionName = keyof OptionValues;

export interface OptionSpec {
  readonly short?: string;
  /** Stands for the option's value in the help; a flag has none. */
  readonly value?: string;
  readonly multiple?: true;
  readonly type: 'flag' | 'text' | 'count';
  readonly description: string;
}

export const options: Readonly<Record<OptionName, OptionSpec>> = {
  file: { short: 'f', type: 'text', value: 'FILE', description: 'the pipeline file (default: runweave.yaml here or in the nearest folder above)' },
  json: { type: 'flag', description: 'print JSON and nothing else: one document, or one event a line for run and watch' },
  'no-color': { type: 'flag', description: 'no colours (NO_COLOR and FORCE_COLOR are read too)' },
  help: { short: 'h', type: 'flag', description: 'show this help' },
  set: { type: 'text', value: 'KEY=VALUE', multiple: true, description: 'set a parameter of the pipeline; dots go into objects; may be repeated' },
  force: { type: 'flag', description: 'run the named tasks even if they are up to date' },
  jobs: { short: 'j', type: 'count', value: 'N', description: 'cpu slots for tasks that run at the same time (default: all cores)' },
  'on-failure': { type: 'text', value: 'stop|continue', description: 'after a failure: start no more tasks, or go on with what does not depend on it' },
  verbose: { short: 'v', type: 'flag', description: 'show what the tasks print, as they print it' },
  format: { type: 'text', value: 'FORMAT', description: '' },
  limit: { short: 'n', type: 'count', value: 'N', description: 'show the newest N runs (default: 20)' },
  all: { type: 'flag', description: 'show all runs' },
  'keep-runs': { type: 'count', value: 'N', description: 'remove all records but the newest N; starred, tagged and those of current results stay' },
  'older-than': { type: 'text', value: 'AGE', description: 'remove records of runs that were started longer ago: 12h, 30d, 8w' },
  convert: { type: 'flag', description: 'write the pipeline of a dvc.yaml as runweave.yaml beside it, and import nothing' },
  github: { type: 'flag', description: 'write a workflow of GitHub Actions that runs the pipeline, reports, and publishes its runs' },
  gitlab: { type: 'flag', description: "the same as jobs of GitLab's CI" },
  'dry-run': { type: 'flag', description: 'say what would be removed; removes nothing' },
  filter: { type: 'text', value: 'FILTER', description: 'only runs of which this holds: metrics.loss < 0.3 and tag:baseline' },
  sort: { type: 'text', value: 'FIELD', multiple: true, description: 'order by this field, -FIELD downwards; may be repeated' },
  columns: { type: 'text', value: 'FIELD,…', multiple: true, description: 'these columns instead of the usual ones' },
  group: { type: 'text', value: 'FIELD', multiple: true, description: 'one line for all runs with the same value: mean ± standard deviation' },
  view: { type: 'text', value: 'NAME', description: 'as a named view of the runs table has it: its filter, order, columns and groups' },
  views: { type: 'flag', description: 'list the named views' },
  archived: { type: 'flag', description: 'show archived runs too' },
  remove: { type: 'flag', description: 'take it away again' },
  forward: { type: 'flag', description: 'the other way: what was made from it' },
  records: { type: 'text', value: 'DIR', multiple: true, description: 'read the records in this folder instead: a project, its .runweave, or where records were copied to; may be repeated' },
  'stale-after': { type: 'text', value: 'AGE', description: 'warn of inputs that were older when they were used: 12h, 7d (default: 30d)' },
  differing: { type: 'flag', description: 'only columns in which the runs differ' },
  why: { type: 'text', value: 'TEXT', description: 'what is wrong with it' },
  good: { type: 'text', value: 'OUTPUT', multiple: true, description: 'outputs that are good (default: all others of the same tasks)' },
  to: { type: 'text', value: 'FORMAT', description: '' },
  output: { short: 'o', type: 'text', value: 'PATH', description: 'the file to write, the folder for several, or a URL (default: standard output)' },
  baseline: { type: 'text', value: 'RUN', description: 'compare metrics with those of this run' },
  'self-contained': { type: 'flag', description: 'with the artifacts that the record only refers to' },
  keep: { type: 'count', value: 'N', description: 'only the newest N runs, and those with a star or a tag' },
  since: { type: 'text', value: 'AGE', description: 'only runs that were started since: 12h, 30d, 8w, and those with a star or a tag' },
  'max-size': { type: 'text', value: 'SIZE', description: 'leave out the oldest runs where the website would be larger: 500MB' },
  title: { type: 'text', value: 'TEXT', description: "the website's title (default: the pipeline's name)" },
  series: { type: 'text', value: 'METRIC', description: 'every value that was logged of this metric, with step and time' },
  details: { type: 'flag', description: 'show what differs: lines of sources and output, cells of notebooks and tables, timelines' },
  key: { type: 'text', value: 'COLUMN', description: 'match rows of tables by this column (default: the first one that tells rows apart)' },
  attempt: { type: 'count', value: 'N', description: 'the output of this attempt (default: the last one)' },
  params: { type: 'flag', description: 'write the parameters of the run into the pipeline file' },
  sources: { type: 'text', value: 'DIR', description: 'put the code of the run into this new folder' },
  search: { type: 'text', value: 'WORDS', description: 'the spans that have these words in their name or in an attribute (name=value)' },
};

/** Accepted by every command. */
export const globalOptions: readonly OptionName[] = ['file', 'json', 'no-color', 'help'];

export interface CommandSpec {
  readonly summary: string;
  /** Further paragraphs of the command's own help. */
  readonly details?: string;
  /** As in the usage line: `[TASK…]`. */
  readonly arguments: string;
  readonly minimum: number;
  readonly maximum: number;
  readonly options: readonly OptionName[];
  /** Values of `--format`, the default first. */
  readonly formats?: readonly string[];
  /** Values of `--to`, the default first. */
  readonly targets?: readonly string[];
  /** What an option does here, where that is not what it does elsewhere. */
  readonly means?: Partial<Readonly<Record<OptionName, string>>>;
  readonly examples: readonly (readonly [command: string, explanation: string])[];
}

const runOptions: readonly OptionName[] = ['set', 'jobs', 'on-failure', 'verbose'];
const runReference = 'RUN is a run id, the beginning or the end of one, `latest`, or -2 for the run before that.';

export const commands: Readonly<Record<CommandName, CommandSpec>> = {
  run: {
    summary: 'bring tasks, and what they need, up to date',
    details: 'TASK is a task id, or a task name for all values of its matrix. Without one, all tasks are brought up to date.',
    arguments: '[TASK…]',
    minimum: 0,
    maximum: Infinity,
    options: ['set', 'force', 'jobs', 'on-failure', 'verbose'],
    examples: [
      ['runweave run', 'whatever is not up to date'],
      ["runweave run 'train[nr_train_images=400]'", 'one value of a matrix, and what it needs'],
      ['runweave run train --force', 'all values of train, up to date or not'],
      ['runweave run --set data.ratio=0.8 --jobs 2', 'another parameter, at most two cpu slots'],
    ],
  },
  retry: {
    summary: 'run a recorded run again, or one task of it alone',
    details: `Runs what RUN was asked for, with its parameters; what is up to date is not run. With a task: only that task, with the inputs that it had then. That is refused when they are no longer what they were; the task's own source may have changed. ${runReference}`,
    arguments: 'RUN[/TASK]',
    minimum: 1,
    maximum: 1,
    options: ['force', 'jobs', 'on-failure', 'verbose'],
    examples: [
      ['runweave retry latest', 'what the newest run left undone, with its parameters'],
      ["runweave retry 'latest/train[nr_train_images=400]'", 'this task alone, after its code was corrected'],
    ],
  },
  restore: {
    summary: 'get back the parameters or the code of a recorded run',
    details: `--params writes the parameters of RUN into the pipeline file; only the values change, and git or your editor can take that back. --sources makes a git worktree in DIR at the commit of RUN, applies the uncommitted changes that it had, and adds what was kept of the sources; without that commit, what was kept alone. Both: the parameters go into the pipeline file in DIR. Data is not restored. To run with the parameters once, without an edit: runweave retry RUN. ${runReference}`,
    arguments: 'RUN',
    minimum: 1,
    maximum: 1,
    options: ['params', 'sources', 'dry-run'],
    examples: [
      ['runweave restore 3f2a --params', 'the pipeline file has the parameters of that run again'],
      ['runweave restore 3f2a --sources ../as-it-was', 'its code beside yours, to look at or to run'],
    ],
  },
  watch: {
    summary: 'run, and again after every change, until interrupted',
    arguments: '[TASK…]',
    minimum: 0,
    maximum: Infinity,
    options: runOptions,
    examples: [
      ['runweave watch', 'everything that is not `watch: manual`'],
      ['runweave watch train --verbose', 'train and what it needs, with their output'],
    ],
  },
  plan: {
    summary: 'say what would run, and why; runs nothing',
    arguments: '[TASK…]',
    minimum: 0,
    maximum: Infinity,
    options: ['set'],
    examples: [
      ['runweave plan', 'what `runweave run` would do now'],
      ['runweave plan --set epochs=20', 'what a changed parameter would run again'],
    ],
  },
  graph: {
    summary: 'print the task graph of the pipeline file, or of a run',
    details: runReference,
    arguments: '[RUN]',
    minimum: 0,
    maximum: 1,
    options: ['format'],
    formats: ['mermaid', 'dot', 'json'],
    examples: [
      ['runweave graph', 'as a mermaid flowchart'],
      ['runweave graph latest --format dot | dot -Tsvg > graph.svg', 'the newest run, with outcomes, through Graphviz'],
    ],
  },
  gantt: {
    summary: 'print the timeline of a run',
    details: runReference,
    arguments: 'RUN',
    minimum: 1,
    maximum: 1,
    options: ['format', 'search'],
    formats: ['text', 'mermaid'],
    examples: [
      ['runweave gantt latest --search http.route=/predict', 'the spans that tasks reported with this attribute'],
      ['runweave gantt latest', 'as bars in the terminal'],
      ['runweave gantt latest --format mermaid', 'as a mermaid gantt diagram'],
    ],
  },
  runs: {
    summary: 'list the recorded runs, newest first',
    details: 'A filter compares fields: status, pipeline, branch, commit, start, duration, tag, note, flag, star, params.NAME, metrics.NAME (also metrics.TASK.NAME, and .last .min .max .mean .best .count behind it). It knows = != < <= > >= ~ contains, in (…), and, or, not. See docs/tracker.md.',
    arguments: '',
    minimum: 0,
    maximum: 0,
    options: ['filter', 'sort', 'columns', 'differing', 'group', 'limit', 'all', 'archived', 'view', 'views', 'records', 'format'],
    formats: ['table', 'csv'],
    examples: [
      ['runweave runs', 'the newest 20'],
      ["runweave runs --filter 'metrics.roc_auc > 0.95 and params.epochs in (10, 20)' --sort -metrics.roc_auc", 'the best first'],
      ['runweave runs --columns run,params.lr,metrics.loss.min --group params.lr', 'mean and spread for each value'],
      ['runweave runs --view best', 'as the runs table of the editor shows it under this name'],
      ['runweave runs --limit 3 --differing', 'what is not the same in the newest three'],
      ['runweave runs --records . --records ../other --group folder', 'of two projects'],
      ['runweave runs --all --format csv > runs.csv', 'for a spreadsheet'],
    ],
  },
  show: {
    summary: 'show a run, or a task of a run, or what is in a file',
    details: `${runReference} FILE is a trace in OTLP, or a file, folder or zip of any format that "import" reads; nothing is imported.`,
    arguments: 'RUN[/TASK]|FILE',
    minimum: 1,
    maximum: 1,
    options: ['series', 'format'],
    formats: ['text', 'csv'],
    examples: [
      ['runweave show latest', 'the newest run'],
      ['runweave show latest --series loss --format csv > loss.csv', 'every value of a metric, of all tasks'],
      ["runweave show 'latest/train[nr_train_images=400]'", 'why a task ran, with what, and what came out'],
      ['runweave show Downloads/run.zip', 'a run of CI, from its artifact'],
    ],
  },
  logs: {
    summary: 'print the output of a task of a run',
    details: `What the task wrote to stdout goes to stdout, and what it wrote to stderr goes to stderr. ${runReference}`,
    arguments: 'RUN/TASK',
    minimum: 1,
    maximum: 1,
    options: ['attempt'],
    examples: [
      ['runweave logs latest/summary', 'of its last attempt'],
      ['runweave logs latest/ingest --attempt 1', 'of the first, before it was tried again'],
    ],
  },
  compare: {
    summary: 'say what differs between runs, most telling first',
    details: `The first run is what the others are compared with. What was found up to date is compared as the run had it that made it. ${runReference}`,
    arguments: 'RUN RUN…',
    minimum: 2,
    maximum: Infinity,
    options: ['all', 'details', 'key', 'records'],
    examples: [['runweave compare -2 latest', 'what changed since the last run'], ['runweave compare -2 latest --details', 'with the lines and cells that differ'], ['runweave compare 3f2a 9c01 77de --json', 'three runs, for a program'], ['runweave compare 3f2a 9c01 --records . --records ../other', 'runs of two projects']],
  },
  recent: {
    summary: 'list the latest executions of tasks',
    arguments: '',
    minimum: 0,
    maximum: 0,
    options: ['limit', 'records'],
    examples: [['runweave recent', 'the newest 20, of all runs']],
  },
  history: {
    summary: 'list the executions of one task, newest first',
    details: 'TASK is a task id, or a task name for all values of its matrix.',
    arguments: 'TASK',
    minimum: 1,
    maximum: 1,
    options: ['limit', 'all', 'records'],
    examples: [['runweave history train', 'when it ran, why, and what came out']],
  },
  inspect: {
    summary: 'show a task of a run: the same as show RUN/TASK',
    details: runReference,
    arguments: 'RUN/TASK',
    minimum: 1,
    maximum: 1,
    options: [],
    examples: [['runweave inspect latest/summary', 'why it ran, with what, and what came out']],
  },
  trace: {
    summary: 'say which task runs made an output, across runs',
    details: 'OUTPUT is a file, an artifact, or a value (TASK.NAME, what a task returned or a metric); by its name, or by 6 or more digits of its digest. Of several, the latest; RUN/TASK/NAME names one.',
    arguments: 'OUTPUT',
    minimum: 1,
    maximum: 1,
    options: ['forward', 'stale-after', 'records'],
    examples: [['runweave trace build/model.pkl', 'from the model back to its causes'], ['runweave trace build/data.npz --forward', 'what was made from this data']],
  },
  tag: {
    summary: 'put a tag on a run, a task of it, or an output',
    details: `Without RUN, on the newest. ${runReference} OUTPUT as in trace. Taken from a run, it is taken from all that is in it.`,
    arguments: 'NAME [RUN[/TASK]|OUTPUT]',
    minimum: 1,
    maximum: 2,
    options: ['remove'],
    examples: [['runweave tag baseline', 'on the newest run'], ['runweave tag golden build/model.pkl', 'on the latest of that name'], ['runweave tag baseline 3f2a --remove', 'no longer on that one']],
  },
  note: {
    summary: 'write a note on a run, a task of it, or an output',
    details: `Without RUN, on the newest. ${runReference} OUTPUT as in trace.`,
    arguments: 'TEXT [RUN[/TASK]|OUTPUT]',
    minimum: 1,
    maximum: 2,
    options: [],
    examples: [["runweave note 'new labels from here on'", 'on the newest run'], ["runweave note 'row 7 is wrong' latest/clean/build/clean.csv", 'on what this task made in the newest run']],
  },
  star: {
    summary: 'put a star on a run',
    details: `Without RUN, on the newest. ${runReference}`,
    arguments: '[RUN]',
    minimum: 0,
    maximum: 1,
    options: ['remove'],
    examples: [['runweave star latest', 'this one is worth coming back to']],
  },
  archive: {
    summary: 'leave runs out of lists; nothing is removed',
    details: runReference,
    arguments: 'RUN…',
    minimum: 1,
    maximum: Infinity,
    options: ['remove'],
    examples: [['runweave archive 3f2a 9c01', 'out of the way'], ['runweave archive 3f2a --remove', 'back again']],
  },
  name: {
    summary: 'give a run a name',
    details: `Without RUN, to the newest. An empty name takes it away. ${runReference}`,
    arguments: 'NAME [RUN]',
    minimum: 1,
    maximum: 2,
    options: [],
    examples: [["runweave name 'with the new labels' 3f2a", 'shown beside its id']],
  },
  delete: {
    summary: 'move records of runs into .runweave/trash',
    details: `gc empties the trash after 30 days; until then undo puts them back. What was made by these runs stays. ${runReference}`,
    arguments: 'RUN…',
    minimum: 1,
    maximum: Infinity,
    options: [],
    examples: [['runweave delete 3f2a 9c01', 'both, or none if one is not found']],
  },
  flag: {
    summary: 'mark an output as bad',
    details: 'OUTPUT as in trace. `review` then says what flagged outputs have in common.',
    arguments: 'OUTPUT',
    minimum: 1,
    maximum: 1,
    options: ['why'],
    examples: [["runweave flag build/model.pkl --why 'predicts zeros'", 'the latest of that name']],
  },
  unflag: {
    summary: 'take the mark from an output',
    arguments: 'OUTPUT',
    minimum: 1,
    maximum: 1,
    options: [],
    examples: [['runweave unflag build/model.pkl', 'it was good after all']],
  },
  review: {
    summary: 'say what flagged outputs have in common that good ones have not',
    details: 'Ranks versions of code, parameters, input files and task runs by how much more common they are among what the flagged outputs were made from.',
    arguments: '',
    minimum: 0,
    maximum: 0,
    options: ['good', 'limit', 'records'],
    examples: [['runweave review', 'the most suspicious first']],
  },
  undo: {
    summary: 'take back the last tag, note, name, star, flag, archiving or deletion',
    arguments: '',
    minimum: 0,
    maximum: 0,
    options: [],
    examples: [['runweave undo', 'can be repeated']],
  },
  export: {
    summary: 'write recorded runs for other tools',
    details: `${Object.entries(exportTargets).map(([name, { description }]) => `${name}: ${description}`).join('; ')}; site: a folder that is a website. ${runReference}`,
    arguments: 'RUN…',
    minimum: 1,
    maximum: Infinity,
    options: ['to', 'output', 'force', 'baseline', 'self-contained', 'title'],
    targets: [...Object.keys(exportTargets), 'site'],
    means: { force: 'overwrite what is there' },
    examples: [
      ['runweave export latest --to markdown --baseline -2 >> "$GITHUB_STEP_SUMMARY"', 'what the run came to, and what changed'],
      ['runweave export latest --to junit -o report.xml', 'for the test report of a CI system'],
      ['runweave export latest -2 --to html -o comparison.html', 'two runs compared, in one file'],
      ['runweave export latest --to otlp --self-contained -o run.otlp.jsonl', 'one file that is all of the run'],
      ['runweave export latest -2 --to mlflow -o mlruns', 'into a file store; or -o https://mlflow.example'],
      ['runweave export latest --to otlp-http -o http://localhost:4318', 'to a collector'],
    ],
  },
  site: {
    summary: 'write the tracker as a static website',
    details: 'The runs table, comparisons and each run as files for any web server, GitHub Pages or a file share: no server process, and nothing is fetched from elsewhere. Built again, only what is new is written. DIR is made; one that holds another website is refused.',
    arguments: 'DIR',
    minimum: 1,
    maximum: 1,
    options: ['keep', 'since', 'max-size', 'title'],
    examples: [
      ['runweave site public', 'all runs; open public/index.html'],
      ['runweave site public --keep 500 --max-size 900MB', 'at most so many and so much'],
      ['runweave site public --since 90d', 'the runs of a quarter of a year'],
    ],
  },
  import: {
    summary: "take in other tools' runs",
    details: 'Reads OTLP/JSON, OpenTelemetry console output, Jaeger, Composable Logs, runnable, MLflow file stores and SQLite databases, DVC, and records of Runweave; files, folders and zips. What was imported before is left as it is.',
    arguments: 'FILE|FOLDER…',
    minimum: 1,
    maximum: Infinity,
    options: ['convert'],
    examples: [['runweave import --convert dvc.yaml', 'writes a runweave.yaml beside it; never overwrites one'], ['runweave import mlruns', 'all runs of a file store'], ['runweave import mlflow.db', 'all runs of a database'], ['runweave import trace.json site/', 'several at once']],
  },
  gc: {
    summary: 'free disk space: kept outputs, artifacts and old records',
    details: 'Removes outputs kept past RUNWEAVE_CACHE_LIMIT (5GB by default; 0 removes all), artifacts that no record names, and what killed processes left. Records go only where --keep-runs or --older-than says so.',
    arguments: '',
    minimum: 0,
    maximum: 0,
    options: ['keep-runs', 'older-than', 'dry-run'],
    examples: [
      ['runweave gc --dry-run', 'how much there is to free'],
      ['runweave gc --keep-runs 100', 'and all records but the newest 100'],
      ['runweave gc --older-than 30d', 'and records that are older'],
    ],
  },
  init: {
    summary: 'start a pipeline in this folder',
    arguments: '',
    minimum: 0,
    maximum: 0,
    options: ['github', 'gitlab'],
    examples: [
      ['runweave init', 'writes runweave.yaml; never overwrites one'],
      ['runweave init --github', 'writes .github/workflows/runweave.yml, and a pipeline file where there is none'],
    ],
  },
  doctor: {
    summary: 'check this machine and the pipeline file',
    arguments: '',
    minimum: 0,
    maximum: 0,
    options: [],
    examples: [['runweave doctor', 'interpreter, packages, git, disk, file watching']],
  },
  schema: {
    summary: 'print the JSON schema of the pipeline file',
    arguments: '',
    minimum: 0,
    maximum: 0,
    options: [],
    examples: [['runweave schema > pipeline.schema.json', 'for an editor without the extension']],
  },
};

export const commandNames = Object.keys(commands) as readonly CommandName[];

export function isCommandName(name: string): name is CommandName {
  return Object.hasOwn(commands, name);
}

export function optionsOf(command: CommandName): readonly OptionName[] {
  return [...commands[command].options, ...globalOptions];
}
