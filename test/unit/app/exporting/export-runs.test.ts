import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { exportRuns, type ExportOptions } from '../../../../src/app/exporting/export-runs.ts';
import { importRuns } from '../../../../src/app/importing/import-runs.ts';
import { exportTargets, type ExportTarget } from '../../../../src/exporters/export-target.ts';
import type { Digest } from '../../../../src/model/fingerprint.ts';
import type { RunEvent, TaskNode } from '../../../../src/model/run-event.ts';
import type { RunState } from '../../../../src/model/run-state.ts';
import { sealRun } from '../../../../src/recording/seal.ts';
import { readRecord } from '../../../../src/store/read-record.ts';
import { generateRun } from '../../recording/generated-run.ts';
import { temporaryFolder } from '../../recording/temporary-folder.ts';

/** Targets that write to disk, and what they are given there. */
const onDisk = Object.entries(exportTargets).filter(([, { output }]) => output !== 'collector').map(([target]) => target as ExportTarget);

async function sealed(context: TestContext, ...runs: readonly (readonly RunEvent[])[]): Promise<{ readonly folder: string; readonly records: readonly string[] }> {
  const folder = temporaryFolder(context);
  const records: string[] = [];
  for (const events of runs) records.push(await sealRun(path.join(folder, '.runweave'), events));
  return { folder, records };
}

async function done(options: ExportOptions): Promise<readonly string[]> {
  const end = await exportRuns(options);
  if (!end.ok) return assert.fail(end.message);
  return end.written;
}

function filesIn(folder: string): readonly string[] {
  return existsSync(folder) ? readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile()).map((entry) => path.relative(folder, path.join(entry.parentPath, entry.name)).replaceAll(path.sep, '/')).sort() : [];
}

async function stateOf(record: string): Promise<RunState> {
  const read = await readRecord(record);
  return read.type === 'run' ? read.state : assert.fail(JSON.stringify(read));
}

/** A run with one task, whose artifacts have these names. */
function runWithArtifacts(names: readonly string[]): readonly RunEvent[] {
  const [first] = generateRun(1, { tasks: 1 });
  assert.ok(first?.type === 'run-started');
  const [node] = first.tasks;
  assert.ok(node !== undefined);
  const named: TaskNode = { ...node, kind: 'python' };
  const started = { type: 'attempt-started', task: named.id, attempt: 1, time: first.time, spanId: named.spanId, cause: 'first', command: [], cwd: '.', pid: 0 } as const;
  const digest = `sha256:${'0'.repeat(64)}` as Digest;
  const fingerprint = { definition: digest, definitionParts: {}, params: {}, sources: {}, inputs: {}, upstream: {}, env: {}, interpreter: '' };
  const taskStarted: RunEvent = { type: 'task-started', task: named.id, time: first.time, fingerprint, params: {} };
  const artifacts = names.map((name, index): RunEvent => ({ type: 'artifact', task: named.id, attempt: started.attempt, time: started.time, name, mediaType: 'text/plain', size: 1, digest, content: { type: 'utf8', text: String(index) } }));
  return [{ ...first, tasks: [named] }, taskStarted, started, ...artifacts, { type: 'attempt-ended', task: named.id, attempt: started.attempt, time: started.time, outcome: 'success' }, { type: 'task-ended', task: named.id, time: started.time, outcome: 'success', outputs: [], returns: {} }, { type: 'run-ended', time: started.time, outcome: 'success' }];
}

describe('exportRuns', () => {
  for (const target of onDisk) {
    it(`writes any run to ${target}, and overwrites nothing unasked`, async (context) => {
      for (let seed = 1; seed <= 3; seed += 1) {
        const { folder, records } = await sealed(context, generateRun(seed));
        const output = path.join(folder, 'out');
        await done({ target, runs: records, output });
        const files = filesIn(folder).filter((name) => name.startsWith('out'));
        assert.ok(files.length > 0);
        assert.deepEqual(files.filter((name) => name.includes('.tmp')), []);
        const again = await exportRuns({ target, runs: records, output });
        if (target === 'mlflow') assert.match(again.ok ? (again.notes[0] ?? '') : '', /is there already; --force replaces it/);
        else assert.match(again.ok ? '' : again.message, /is there already; --force overwrites it$/);
        await done({ target, runs: records, output, force: true });
        assert.deepEqual(filesIn(folder).filter((name) => name.startsWith('out')), files);
      }
    });
  }

  it('keeps artifacts in the folder, whatever they are called', async (context) => {
    const names = ['../../escape.txt', '/absolute.txt', 'C:\\x\\..\\..\\y.txt', '..', 'a/../../b', 'con.txt', 'ünï/…', `${'long'.repeat(200)}.txt`, 'same', 'SAME', 'nul\u0000byte', ''];
    for (const target of ['dir', 'mlflow'] as const) {
      const { folder, records } = await sealed(context, runWithArtifacts(names));
      const output = path.join(folder, 'deep', 'er', 'out');
      await done({ target, runs: records, output });
      const files = filesIn(output).filter((name) => name.includes('/artifacts/'));
      assert.equal(files.length, names.length);
      assert.deepEqual(files.map((file) => readFileSync(path.join(output, file), 'utf8')).sort(), names.map((_, index) => String(index)).sort());
      assert.equal(filesIn(folder).filter((name) => !name.startsWith('.runweave/')).length, filesIn(output).length);
      assert.ok(!existsSync('/absolute.txt'));
      assert.ok(files.every((file) => file.split('/').every((part) => part !== '..' && Buffer.byteLength(part) <= 255)));
    }
  });

  for (const target of ['otlp', 'otlp-json'] as const) {
    it(`loses nothing with ${target}, there and back`, async (context) => {
      for (let seed = 20; seed < 23; seed += 1) {
        const { folder, records } = await sealed(context, generateRun(seed));
        const file = path.join(folder, `run.${exportTargets[target].extension}`);
        await done({ target, runs: records, output: file });
        const { runs, problems } = await importRuns(path.join(folder, 'elsewhere', '.runweave'), [file], folder);
        assert.deepEqual(problems, []);
        const original = await stateOf(records[0] ?? '');
        const back = await stateOf(runs[0]?.record ?? '');
        const { 'runweave.import.format': _format, 'runweave.import.source': _source, ...resource } = back.resource;
        assert.deepEqual({ ...back, resource }, original);
      }
    });
  }

  it('takes back what it wrote when it is cancelled', async (context) => {
    const { folder, records } = await sealed(context, generateRun(1), generateRun(2), generateRun(3));
    for (const target of onDisk) {
      const stop = new AbortController();
      const seen: number[] = [];
      const output = path.join(folder, 'new', target);
      const end = await exportRuns({ target, runs: records, output }, {
        signal: stop.signal,
        onProgress: ({ done: finished, total }) => {
          seen.push(finished);
          assert.equal(total, 3);
          if (finished === 1) stop.abort();
        },
      });
      assert.deepEqual([end.ok, !end.ok && end.cancelled, seen], [false, true, [0, 1]], target);
      assert.deepEqual(readdirSync(folder), ['.runweave'], target);
    }
  });

  it('writes hundreds of runs, one after the other', async (context) => {
    const { folder, records } = await sealed(context, generateRun(1, { tasks: 2 }));
    const runs = Array.from({ length: 300 }, () => records[0] ?? '');
    await done({ target: 'csv', runs, output: path.join(folder, 'tables') });
    assert.equal(readFileSync(path.join(folder, 'tables/runs.csv'), 'utf8').split('\r\n').length, 302);
    await done({ target: 'otlp-json', runs, output: path.join(folder, 'all.otlp.json') });
    const document = JSON.parse(readFileSync(path.join(folder, 'all.otlp.json'), 'utf8')) as { readonly resourceSpans: readonly unknown[] };
    assert.ok(document.resourceSpans.length >= 300);
  });

  it('says in a sentence what is in the way', async (context) => {
    const { folder, records } = await sealed(context, generateRun(1));
    const message = async (options: Partial<ExportOptions>): Promise<string> => {
      const end = await exportRuns({ target: 'json', runs: records, ...options });
      return end.ok ? '' : end.message;
    };
    writeFileSync(path.join(folder, 'file'), '');
    mkdirSync(path.join(folder, 'folder'));
    assert.match(await message({ output: path.join(folder, 'file', 'x') }), /file.x could not be written: (ENOTDIR|EEXIST)/);
    assert.match(await message({ output: path.join(folder, 'folder') }), /folder is there already/);
    assert.match(await message({ output: path.join(folder, 'folder'), force: true }), /folder could not be written: (EISDIR|EPERM|EEXIST)/);
    if (existsSync('/dev/full')) assert.match(await message({ output: '/dev/full' }), /^\/dev\/full could not be written: ENOSPC/);
    assert.match(await message({ runs: [path.join(folder, 'file')] }), /file: the file is empty/);
    assert.match(await message({ target: 'csv' }), /name a folder with --output/);
    assert.deepEqual(readdirSync(folder).sort(), ['.runweave', 'file', 'folder']);
  });
});
