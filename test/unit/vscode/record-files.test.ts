import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { fileInside, isEventLog, pathOfRun, pipelineFolderOf, safeFileName, sealedPathOf, storeFolderOf } from '../../../src/vscode/record-files.ts';

const log = '/p/.runweave/live/20261120T224011Z-digits-3f2a.jsonl';
const record = '/p/.runweave/runs/20261120T224011Z-digits-3f2a.otlp.jsonl';

describe('record files', () => {
  it('finds the store and the pipeline from a record', () => {
    assert.deepEqual([storeFolderOf(record), pipelineFolderOf(record)], ['/p/.runweave', '/p']);
    assert.deepEqual([storeFolderOf('/tmp/a.otlp.json'), pipelineFolderOf('/tmp/a.otlp.json')], ['/tmp', '/tmp']);
  });

  it('knows an event log and the record that it becomes', () => {
    assert.deepEqual([isEventLog(log), isEventLog(record), sealedPathOf(log)], [true, false, record]);
  });

  it('finds another run only by a whole id', (t) => {
    const store = mkdtempSync(join(tmpdir(), 'store-'));
    t.after(() => rmSync(store, { recursive: true }));
    mkdirSync(join(store, 'runs'));
    const path = join(store, 'runs', '20261120T224011Z-digits-3f2a.otlp.jsonl');
    writeFileSync(path, '');
    assert.equal(pathOfRun(store, '20261120T224011Z-digits-3f2a'), path);
    for (const id of ['20261120T224011Z-digits-ffff', '../runs/20261120T224011Z-digits-3f2a', '', '20261120T224011Z-/../x']) assert.equal(pathOfRun(store, id), undefined);
  });

  it('never leaves the workspace', () => {
    const folders = ['/w'];
    assert.equal(fileInside('/w/p', 'tasks/a.py', folders), '/w/p/tasks/a.py');
    assert.equal(fileInside('/w/p', '../shared/a.py', folders), '/w/shared/a.py');
    assert.equal(fileInside('/w/p', '..a/b.py', folders), '/w/p/..a/b.py');
    for (const path of ['../../etc/passwd', '/etc/passwd', '../../w2/a']) assert.equal(fileInside('/w/p', path, folders), undefined);
  });

  it('makes a file name of any artifact name', () => {
    assert.deepEqual(['plots/roc curve.png', '../../x', '.bashrc', '', 'a:b?.txt', '..'].map(safeFileName), ['roc curve.png', 'x', 'bashrc', 'artifact', 'a_b_.txt', 'artifact']);
  });
});
