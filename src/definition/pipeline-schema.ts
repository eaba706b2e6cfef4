/**
 * The pipeline file's keys: the one table from which both the validator (`check-shape.ts`) and the editor's JSON
 * schema come, so that they can't disagree. What needs more than one key or the disk to decide (references, needs,
 * files) is not here.
 */
import type { Json, JsonObject } from '../model/json.ts';
import type { TaskKind } from '../model/pipeline.ts';
import { durationPattern } from './duration.ts';
import { sizePattern } from './size.ts';

export type ValueType =
  | { readonly type: 'text'; readonly pattern?: string; /** In words, for messages: `letters, digits, …`. */ readonly allowed?: string }
  | { readonly type: 'boolean' }
  | { readonly type: 'number'; readonly whole?: true; readonly atLeast?: number; readonly moreThan?: number }
  | { readonly type: 'duration'; readonly moreThan?: number }
  /** Bytes, or a number with a unit. */
  | { readonly type: 'size' }
  | { readonly type: 'choice'; readonly choices: Readonly<Record<string, string>> }
  /** Text, a number, true or false. */
  | { readonly type: 'scalar' }
  | { readonly type: 'any' }
  | { readonly type: 'list'; readonly of: ValueType; readonly notEmpty?: true }
  | { readonly type: 'map'; readonly of: ValueType; readonly names?: { readonly pattern: string; readonly allowed: string }; readonly notEmpty?: true }
  | ObjectType
  /** A short form, or the whole as keys and values. */
  | { readonly type: 'either'; readonly short: ValueType; readonly long: ObjectType };

export interface ObjectType {
  readonly type: 'object';
  readonly keys: Readonly<Record<string, Key>>;
  readonly required?: readonly string[];
  readonly exactlyOneOf?: readonly string[];
}

export interface Key {
  readonly value: ValueType;
  /** Markdown, one or two sentences. */
  readonly description: string;
  readonly default?: string | number | boolean;
  readonly examples?: readonly unknown[];
  /** Whether `${…}` may stand in for the value, or for values in it. Inherited by what is inside. */
  readonly references?: boolean;
  /** What other tools call it, for suggestions. */
  readonly elsewhere?: readonly string[];
  /** What other tools call it, where they mean something else by the word when it does not list files. */
  readonly elsewhereOfFiles?: readonly string[];
}

const variableNames = { pattern: '^[A-Za-z_][A-Za-z0-9_]*$', allowed: 'letters, digits and _, not beginning with a digit' };
const words = { pattern: '^[A-Za-z0-9_][A-Za-z0-9_.-]*$', allowed: 'letters, digits, _, - and ., beginning with a letter, digit or _' };
const text = { type: 'text' } as const;
const textList = { type: 'list', of: text } as const;

const retries = {
  value: {
    type: 'either',
    short: { type: 'number', whole: true, atLeast: 0 },
    long: {
      type: 'object',
      required: ['max'],
      keys: {
        max: { value: { type: 'number', whole: true, atLeast: 0 }, description: 'Further attempts after the first.', examples: [3] },
        delay: { value: { type: 'duration' }, description: 'Pause before the second attempt.', default: '0s', examples: ['1s'] },
        backoff: { value: { type: 'number', atLeast: 1 }, description: 'Each further pause is the one before times this.', default: 1, examples: [2] },
      },
    },
  },
  description: 'How often a failed task is tried again: a number, or `{max, delay, backoff}`.',
  default: 0,
  examples: [2, { max: 3, delay: '1s', backoff: 2 }],
  elsewhere: ['retry', 'max_retries'],
} as const satisfies Key;

/** Keys of a task that `defaults` can set for all tasks. */
const defaultableKeys = {
  retries,
  timeout: {
    value: { type: 'duration', moreThan: 0 },
    description: 'An attempt that takes longer is ended, with all processes that it started: `500ms`, `30s`, `10m`, `2h`, or a number of seconds. No limit without it.',
    examples: ['10m', 30],
  },
  cpus: { value: { type: 'number', moreThan: 0 }, description: 'Slots that the task takes of the CPUs that may be busy at once.', default: 1, examples: [1, 4], elsewhere: ['cores', 'threads'] },
  gpus: { value: { type: 'number', atLeast: 0 }, description: 'GPUs that the task takes of those that may be busy at once.', default: 0, examples: [1], elsewhere: ['gpu'] },
  memory: { value: { type: 'size' }, description: 'Memory that the task takes of what may be in use at once: `512MB`, `16GB`, `1.5GiB`, or a number of bytes. It is not a limit.', default: 0, examples: ['16GB'], elsewhere: ['mem', 'ram'] },
  watch: {
    value: {
      type: 'choice',
      choices: {
        auto: 'run again when something changed that the task depends on',
        lazy: 'only mark as stale',
        manual: 'never run on its own, only when asked for by name',
      },
    },
    description: 'What a change does while watching.',
    default: 'auto',
    references: false,
  },
  cache: { value: { type: 'boolean' }, description: '`false`: the task is always stale and runs each time.', default: true, references: false },
  keep: { value: { type: 'boolean' }, description: '`false`: outputs are not kept to be restored when an earlier state comes back.', default: true, references: false },
  compare: {
    value: { type: 'choice', choices: { meaning: 'comments, formatting, and docstrings that nothing reads do not count', bytes: 'every byte counts' } },
    description: 'What of Python sources and notebooks makes a task run again.',
    default: 'meaning',
    references: false,
  },
  cwd: { value: text, description: "Working directory, relative to the pipeline file's folder.", default: '.', elsewhere: ['workdir', 'working_directory', 'wdir', 'dir'] },
  owner: { value: text, description: 'Who to ask about the task.', examples: ['data-team'] },
} satisfies Record<string, Key>;

export const taskKinds = ['python', 'call', 'notebook', 'shell'] as const satisfies readonly TaskKind[];

export const taskShape = {
  type: 'object',
  exactlyOneOf: taskKinds,
  keys: {
    python: { value: text, description: 'A Python script, run as `python script.py`.', examples: ['tasks/ingest.py'], elsewhere: ['script', 'file'] },
    call: {
      value: text,
      description: 'A Python function as `module:function`. The params become its arguments; what it returns becomes the returns of the task.',
      examples: ['tasks.prepare:split'],
      elsewhere: ['function', 'callable'],
    },
    notebook: { value: text, description: 'A notebook: `.ipynb`, or a `.py` in percent format.', examples: ['notebooks/train.ipynb', 'notebooks/eda.py'] },
    shell: { value: text, description: 'A command for the shell. `${NAME}` is left to the shell; `${params.x}` is filled in before.', examples: ['./publish.sh'], elsewhere: ['command', 'cmd', 'run', 'script', 'bash', 'exec'] },
    needs: {
      value: textList,
      description: 'Tasks that must succeed before. A task with the same `matrix` keys is paired value by value; `"train[n=400]"` is a single one.',
      examples: [['ingest']],
      references: false,
      elsewhere: ['depends_on', 'depends', 'dependencies', 'after', 'deps', 'requires', 'upstream'],
    },
    params: { value: { type: 'map', of: { type: 'any' } }, description: 'Parameters of the task.', examples: [{ ratio: '${params.train_ratio}' }], elsewhere: ['parameters', 'args', 'arguments', 'with', 'vars', 'variables'] },
    matrix: {
      value: { type: 'map', notEmpty: true, names: { pattern: '^[A-Za-z_][A-Za-z0-9_-]*$', allowed: 'letters, digits, _ and -, beginning with a letter or _' }, of: { type: 'list', of: { type: 'scalar' }, notEmpty: true } },
      description: 'Makes one task of each combination of the values.',
      examples: [{ nr_train_images: [400, 500, 600] }],
      elsewhere: ['foreach', 'for_each'],
    },
    inputs: { value: textList, description: "Files, folders or globs that the task reads, relative to the pipeline file's folder. An output of another task makes that task come before.", examples: [['data/*.csv']], elsewhere: ['sources', 'reads'], elsewhereOfFiles: ['deps', 'dependencies', 'depends', 'depends_on'] },
    outputs: { value: textList, description: "Files, folders or globs that the task makes, inside of the pipeline file's folder.", examples: [['build/model.onnx']], elsewhere: ['outs', 'targets', 'artifacts', 'produces', 'generates', 'metrics', 'plots'] },
    env: { value: { type: 'map', names: variableNames, of: { type: 'scalar' } }, description: "Environment variables, on top of the pipeline's.", examples: [{ OMP_NUM_THREADS: '1' }], elsewhere: ['environment', 'env_vars'] },
    checks: {
      value: {
        type: 'list',
        of: {
          type: 'either',
          short: text,
          long: {
            type: 'object',
            exactlyOneOf: ['before', 'after'],
            keys: {
              before: { value: text, description: 'A command for the shell that has to succeed before the task is started.', examples: ['test -s data.csv'] },
              after: { value: text, description: 'A command for the shell that has to succeed after the task.', examples: ['python validate.py'] },
            },
          },
        },
      },
      description: 'What has to hold for the task to succeed: conditions on its metrics and returns, and commands before and after it.',
      examples: [['roc_auc >= 0.95', 'loss.min < 0.1', { after: 'python validate.py' }]],
      elsewhere: ['assert', 'asserts', 'tests', 'expect', 'validate'],
    },
    ...defaultableKeys,
    tags: { value: textList, description: 'Words to find the task by.', examples: [['etl']], elsewhere: ['labels'] },
    description: { value: text, description: 'What the task does, in a sentence; shown in tooltips.', elsewhere: ['desc', 'doc', 'help', 'comment'] },
  },
} as const satisfies ObjectType;

export const taskNames = words;

export const pipelineShape = {
  type: 'object',
  required: ['tasks'],
  keys: {
    name: { value: { type: 'text', ...words }, description: "The pipeline's name in runs and records; its folder's name by default.", examples: ['digits'] },
    params: { value: { type: 'map', of: { type: 'any' } }, description: 'Parameters of the pipeline, read as `${params.x}`; set from outside with `--set x=value`.', examples: [{ data_dir: 'build/data' }], references: true, elsewhere: ['parameters', 'vars', 'variables'] },
    env: { value: { type: 'map', names: variableNames, of: { type: 'scalar' } }, description: 'Environment variables of all tasks.', examples: [{ OMP_NUM_THREADS: '1' }], references: true, elsewhere: ['environment'] },
    secrets: {
      value: { type: 'list', of: { type: 'text', pattern: '^!?[A-Za-z_][A-Za-z0-9_]*$', allowed: `${variableNames.allowed}; with a ! before it for one that is none` } },
      description: 'Environment variables whose values are masked wherever they would be recorded. Those that look like credentials are masked without being named; `!NAME` is none.',
      examples: [['HF_TOKEN', '!PUBLIC_KEY_TOKEN']],
    },
    record: {
      value: {
        type: 'object',
        keys: {
          env: { value: { type: 'list', of: { type: 'text', ...variableNames } }, description: 'Environment variables whose values are recorded, besides those that are always recorded.', examples: [['DATA_VERSION']] },
          inline: { value: { type: 'size' }, description: 'Artifacts of fewer bytes are in the record itself, larger ones beside it in `.runweave/objects/`.', default: '64KiB', examples: ['1MB'] },
        },
      },
      description: 'What a record holds.',
      examples: [{ inline: '1MB' }],
    },
    defaults: { value: { type: 'object', keys: defaultableKeys }, description: 'Values for all tasks that do not say otherwise.', examples: [{ timeout: '10m' }], references: true },
    slots: {
      value: {
        type: 'object',
        keys: {
          cpus: { value: { type: 'number', moreThan: 0 }, description: 'CPUs; `--jobs` wins. All of the machine by default.', examples: [8] },
          gpus: { value: { type: 'number', atLeast: 0 }, description: 'GPUs.', default: 1, examples: [2] },
          memory: { value: { type: 'size' }, description: 'Memory. All of the machine by default.', examples: ['64GB'] },
        },
      },
      description: 'What tasks may take at once, all together.',
      examples: [{ gpus: 2, memory: '64GB' }],
      elsewhere: ['resources', 'limits'],
    },
    on_failure: {
      value: { type: 'choice', choices: { stop: 'start no further tasks', continue: 'go on with all that does not depend on the failure' } },
      description: 'What a failed task does to the rest of the run.',
      default: 'stop',
    },
    tasks: { value: { type: 'map', names: words, of: taskShape, notEmpty: true }, description: 'The tasks by name.', references: true, elsewhere: ['jobs', 'steps', 'stages', 'nodes'] },
  },
} as const satisfies ObjectType;

/** What a whole reference looks like where another type than text is expected. */
export const wholeReferencePattern = '^\\$\\{[^{}]+\\}$';

/** The table as JSON Schema (draft-07), for completion and hovers in editors. */
export function pipelineJsonSchema(): JsonObject {
  return {
    $schema: 'http://json-schema.org/draft-07/schema#',
    title: 'Runweave pipeline',
    description: 'A pipeline of Python scripts, functions, notebooks and shell commands.',
    ...objectSchema(pipelineShape, false),
  };
}

function objectSchema({ keys, required, exactlyOneOf }: ObjectType, references: boolean): JsonObject {
  return {
    type: 'object',
    additionalProperties: false,
    ...(required === undefined ? {} : { required }),
    ...(exactlyOneOf === undefined ? {} : { oneOf: exactlyOneOf.map((key) => ({ required: [key] })) }),
    properties: Object.fromEntries(Object.entries(keys).map(([name, key]) => [name, keySchema(key, references)])),
  };
}

function keySchema(key: Key, inherited: boolean): JsonObject {
  return {
    description: key.description.replaceAll('`', ''),
    markdownDescription: key.description + choicesInWords(key.value),
    ...(key.default === undefined ? {} : { default: key.default }),
    ...(key.examples === undefined ? {} : { examples: key.examples as readonly Json[] }),
    ...valueSchema(key.value, key.references ?? inherited),
  };
}

function choicesInWords(value: ValueType): string {
  if (value.type !== 'choice') return '';
  return Object.entries(value.choices).map(([choice, meaning]) => `\n- \`${choice}\`: ${meaning}`).join('');
}

function valueSchema(value: ValueType, references: boolean): JsonObject {
  const orReference = (schema: JsonObject): JsonObject => (references ? { anyOf: [schema, { type: 'string', pattern: wholeReferencePattern }] } : schema);
  switch (value.type) {
    case 'text':
      return { type: 'string', ...(value.pattern === undefined ? { minLength: 1 } : { pattern: value.pattern }) };
    case 'boolean':
      return orReference({ type: 'boolean' });
    case 'number':
      return orReference({
        type: value.whole ? 'integer' : 'number',
        ...(value.atLeast === undefined ? {} : { minimum: value.atLeast }),
        ...(value.moreThan === undefined ? {} : { exclusiveMinimum: value.moreThan }),
      });
    case 'duration':
      return orReference({
        anyOf: [{ type: 'number', ...(value.moreThan === undefined ? { minimum: 0 } : { exclusiveMinimum: value.moreThan }) }, { type: 'string', pattern: durationPattern }],
      });
    case 'size':
      return orReference({ anyOf: [{ type: 'number', minimum: 0 }, { type: 'string', pattern: sizePattern }] });
    case 'choice':
      return orReference({ type: 'string', enum: Object.keys(value.choices), markdownEnumDescriptions: Object.values(value.choices) });
    case 'scalar':
      return { type: ['string', 'number', 'boolean'] };
    case 'any':
      return {};
    case 'list':
      return orReference({ type: 'array', ...(value.notEmpty ? { minItems: 1 } : {}), items: valueSchema(value.of, references) });
    case 'map':
      return {
        type: 'object',
        ...(value.notEmpty ? { minProperties: 1 } : {}),
        ...(value.names === undefined ? {} : { propertyNames: { pattern: value.names.pattern } }),
        additionalProperties: valueSchema(value.of, references),
      };
    case 'object':
      return objectSchema(value, references);
    case 'either':
      return { anyOf: [valueSchema(value.short, references), objectSchema(value.long, references)] };
    default:
      return value satisfies never;
  }
}
