import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { describe, it } from 'node:test';
import type { Compiler } from '../../../src/fingerprint/called-sources.ts';
import { createFileDigests, digestOf } from '../../../src/fingerprint/file-digests.ts';
import { tellSourceChanges } from '../../../src/fingerprint/source-changes.ts';
import { digestSources } from '../../../src/fingerprint/task-fingerprint.ts';
import { describeReason } from '../../../src/model/fingerprint.ts';
import type { Task } from '../../../src/model/pipeline.ts';
import { taskOf as anyTask } from '../sketch.ts';

type Files = Readonly<Record<string, string>>;
interface Options {
  readonly task?: Partial<Omit<Task, 'id'>>;
  readonly after?: Partial<Omit<Task, 'id'>>;
}

/** It refuses what names a mistake. */
const compilerOf = (files: Files): Compiler => ({
  name: 'Python',
  check: (absolutes) => Promise.resolve(absolutes.map((absolute) => (files[path.basename(absolute)]?.includes('mistake') === true ? undefined : digestOf(files[path.basename(absolute)] ?? '')))),
});

/** What is said of the sources after an edit, without digests. */
async function told(before: Files, edit: Files, { task = {}, after: fieldsAfter = task }: Options = {}): Promise<readonly string[]> {
  const folder = mkdtempSync(path.join(tmpdir(), 'runweave-source-changes-'));
  try {
    const write = (files: Files): void => {
      for (const [file, text] of Object.entries(files)) {
        mkdirSync(path.dirname(path.join(folder, file)), { recursive: true });
        writeFileSync(path.join(folder, file), text);
      }
    };
    const digests = createFileDigests();
    const names = Object.keys(before);
    const source = { kind: 'call', module: 'm', function: 'f' } as const;
    write(before);
    const { sources: then } = await digestSources(anyTask({ source, ...task }), folder, names, digests, { compiler: compilerOf(before), expected: 'all' });
    write(edit);
    const taskNow = anyTask({ source, ...fieldsAfter });
    const compiler = compilerOf({ ...before, ...edit });
    const { sources } = await digestSources(taskNow, folder, names, digests, { compiler, expected: then });
    const changes = names.flatMap((file) => {
      const [from, to] = [then[file], sources[file]];
      return from === undefined || to === undefined || from === to ? [] : [{ type: 'source-changed', path: file, from, to } as const];
    });
    return (await tellSourceChanges(changes, { task: taskNow, folder, digests, compiler })).map((change) => describeReason(change).replace(/^source (.*) \(\w+ → \w+\)$/, '$1'));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

const b = 'from functools import cache\n@cache\ndef used():\n    return 1\ndef unused():\n    return 2\n';
const files = { 'm.py': 'import b\ndef f():\n    return b.used()\n', 'b.py': b };
const idle = { 'm.py': 'import b\ndef f():\n    return 1\n', 'b.py': 'def one():\n    return 1\ndef two():\n    return 2\n' };
const dynamic = 'import b\ndef f():\n    globals()\n    return b.used()\n';
const script = { source: { kind: 'python', script: 'm.py' } } as const;
const scripts = { 'm.py': '"doc"\nimport a, c\n', 'a.py': '"doc"\nx = 1\n', 'c.py': '"doc"\nx = 1\n' };

describe('what is said of a source with another digest', () => {
  const table: readonly (readonly [name: string, before: Files, edit: Files, expected: readonly string[], options?: Options])[] = [
    ['a function that changed', files, { 'b.py': b.replace('1', '3') }, ['b.py changed in function used']],
    ['only what counts of it', files, { 'b.py': b.replace('1', '3').replace('2', '4') }, ['b.py changed in function used']],
    ['what runs when it is imported', files, { 'b.py': `${b}x = 1\n` }, ['b.py changed in statements outside of functions']],
    ['a decorated function that is new', files, { 'm.py': `${files['m.py']}    # more\n`, 'b.py': `${b}@cache\ndef more(): pass\n` }, ['b.py changed in function more']],
    ['that another one uses more of it', files, { 'm.py': 'import b\ndef f():\n    return b.used() + b.unused()\n' }, ['m.py changed in function f', 'b.py is used in function unused too because of m.py']],
    ['that another one uses less of it', { ...files, 'm.py': 'import b\ndef f():\n    return b.used() + b.unused()\n' }, files, ['m.py changed in function f', 'b.py is no longer used in function unused because of m.py']],
    ['that another one uses something of what had nothing that counts', idle, { 'm.py': 'import b\ndef f():\n    return b.two()\n' }, ['m.py changed in function f', 'b.py is used in function two too because of m.py']],
    ['that another one uses nothing any more of it', { ...idle, 'm.py': 'import b\ndef f():\n    return b.two()\n' }, idle, ['m.py changed in function f', 'b.py is no longer used in function two because of m.py']],
    ['that it is compared as a whole because of another one', files, { 'm.py': dynamic }, ['m.py changed in function f', 'b.py is compared more closely because of m.py']],
    ['that it no longer is', { ...files, 'm.py': dynamic }, files, ['m.py changed in function f', 'b.py is compared less closely']],
    ['any function of one that is', { ...files, 'm.py': dynamic }, { 'b.py': b.replace('2', '4') }, ['b.py changed in function unused']],
    ['that a module escapes', files, { 'm.py': 'import b\ndef f():\n    x = b\n    return b.used()\n' }, ['m.py changed in function f', 'b.py is compared more closely because of m.py']],
    ['a mistake in what does not count', files, { 'b.py': b.replace('return 2', 'return mistake') }, ['b.py does not compile without a warning, so all of it counts']],
    ['docstrings that another one reads', scripts, { 'a.py': '"doc"\nx = __doc__\n' }, ['m.py is compared more closely because of a.py', 'a.py changed', 'c.py is compared more closely because of a.py'], { task: script }],
    ['source text that another one reads', scripts, { 'a.py': '"doc"\nx = __file__\n', 'c.py': '"doc"\nx = 2\n' }, ['m.py is compared more closely because of a.py', 'a.py changed', 'c.py changed'], { task: script }],
    ['another way to compare', scripts, {}, ['m.py is compared more closely', 'a.py is compared more closely', 'c.py is compared more closely'], { task: script, after: { ...script, compare: 'bytes' } }],
    ['the other way', scripts, { 'a.py': 'x = 3\n' }, ['m.py is compared less closely', 'a.py changed', 'c.py is compared less closely'], { task: { ...script, compare: 'bytes' }, after: script }],
  ];
  for (const [name, before, edit, expected, options] of table) it(name, async () => assert.deepEqual(await told(before, edit, options), expected));
});
