import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { parseArguments } from '../../../src/cli/arguments.ts';
import { commandNames } from '../../../src/cli/command-table.ts';

describe('arguments that are understood', () => {
  const cases: readonly (readonly [string, string, readonly string[], Record<string, unknown>])[] = [
    ['run', 'run', [], {}],
    ['run train eda', 'run', ['train', 'eda'], {}],
    ['run --force train', 'run', ['train'], { force: true }],
    ['run --set a=1 --set=b=2', 'run', [], { set: ['a=1', 'b=2'] }],
    ['run -j 2', 'run', [], { jobs: 2 }],
    ['run -vj3', 'run', [], { verbose: true, jobs: 3 }],
    ['run --on-failure continue', 'run', [], { 'on-failure': 'continue' }],
    ['--json run', 'run', [], { json: true }],
    ['--file x.yaml run a', 'run', ['a'], { file: 'x.yaml' }],
    ['run --no-color', 'run', [], { 'no-color': true }],
    ['run -- --strange', 'run', ['--strange'], {}],
    ['graph', 'graph', [], {}],
    ['graph -1 --format dot', 'graph', ['-1'], { format: 'dot' }],
    ['show -2/train', 'show', ['-2/train'], {}],
    ['logs latest/a --attempt 2', 'logs', ['latest/a'], { attempt: 2 }],
    ['runs -n 5', 'runs', [], { limit: 5 }],
    ['runs --filter star --sort -start --sort run', 'runs', [], { filter: 'star', sort: ['-start', 'run'] }],
    ['gc --keep-runs 5 --older-than 30d --dry-run', 'gc', [], { 'keep-runs': 5, 'older-than': '30d', 'dry-run': true }],
  ];
  const defaults = { json: false, 'no-color': false, help: false, set: [], sort: [], columns: [], group: [], good: [], records: [], differing: false, force: false, verbose: false, all: false, 'dry-run': false, github: false, gitlab: false, archived: false, views: false, remove: false, forward: false, 'self-contained': false, convert: false, params: false };
  for (const [text, command, words, options] of cases) {
    it(text, () => {
      assert.deepEqual(parseArguments(text.split(' ')), { type: 'command', line: { command, arguments: words, options: { ...defaults, ...options } } });
    });
  }
});

describe('arguments that are not', () => {
  const cases: readonly (readonly [string, RegExp])[] = [
    ['rnu', /^unknown command rnu \(did you mean run\?\)$/],
    ['frobnicate', /^unknown command frobnicate$/],
    ['help rnu', /^unknown command rnu \(did you mean run\?\)$/],
    ['run --forc', /^unknown option --forc \(did you mean --force\?\)$/],
    ['run --limit 3', /^unknown option --limit \(it belongs to runs, recent, history, review\)$/],
    ['run -x', /^unknown option -x$/],
    ['--jsno', /^unknown option --jsno \(did you mean --json\?\)$/],
    ['run --file', /^--file needs a value: --file FILE$/],
    ['run --file --json', /^--file needs a value/],
    ['run --json=1', /^--json takes no value$/],
    ['run --jobs 0', /^--jobs 0: must be a whole number, 1 or more$/],
    ['run --jobs two', /^--jobs two: must be/],
    ['run --jobs -1', /^--jobs -1: must be/],
    ['run --on-failure explode', /^--on-failure explode: must be stop or continue$/],
    ['graph --format png', /^--format png: must be mermaid or dot or json$/],
    ['export latest --to cvs', /^--to cvs: must be one of otlp, .*, json, site \(did you mean csv\?\)$/],
    ['show', /^show needs RUN\[\/TASK\]\|FILE$/],
    ['show a b', /^show takes one argument: b$/],
    ['runs x', /^runs takes no arguments: x$/],
  ];
  for (const [text, message] of cases) {
    it(text, () => {
      const parsed = parseArguments(text.split(' '));
      assert.ok(parsed.type === 'usage-error');
      assert.match(parsed.message, message);
    });
  }
});

describe('help and version', () => {
  it('is asked for in the usual ways', () => {
    for (const args of [[], ['--help'], ['-h'], ['help']]) assert.deepEqual(parseArguments(args), { type: 'help' });
    for (const name of commandNames) {
      assert.deepEqual(parseArguments([name, '--help']), { type: 'help', command: name });
      assert.deepEqual(parseArguments(['help', name]), { type: 'help', command: name });
    }
    for (const args of [['--version'], ['-V']]) assert.deepEqual(parseArguments(args), { type: 'version' });
  });
});
