/**
 * Records against the official definition of OTLP. Google's own JSON parser with the messages that OpenTelemetry
 * publishes, in Python: the npm packages of OpenTelemetry carry no `.proto` files any more, and what protobufjs verifies
 * is laxer (it passes over unknown fields).
 */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { before, describe, it } from 'node:test';
import { sealRun } from '../../src/recording/seal.ts';
import { generateRun } from '../unit/recording/generated-run.ts';
import { temporaryFolder } from '../unit/recording/temporary-folder.ts';

const root = path.resolve(import.meta.dirname, '../..');
const environment = path.join(root, '.venv', process.platform === 'win32' ? 'Scripts/python.exe' : 'bin/python');
const python = process.env['RUNWEAVE_TEST_PYTHON'] ?? environment;

function check(...files: readonly string[]): { readonly status: number | null; readonly stdout: string; readonly stderr: string } {
  return spawnSync(python, [path.join(root, 'test/python/check_otlp.py'), ...files], { encoding: 'utf8' });
}

describe('a record, by the official protobuf definition', () => {
  before(() => {
    assert.ok(existsSync(python), `${python} is missing: python3 -m venv .venv && .venv/bin/pip install -r test/python/requirements-test.txt`);
  });

  it('is a TracesData message in every line, for runs of every kind', async (t) => {
    const folder = temporaryFolder(t);
    const records = await Promise.all(Array.from({ length: 20 }, (_, index) => sealRun(path.join(folder, String(index)), generateRun(index + 1, { tasks: index * 5 + 1 }))));
    const { status, stdout, stderr } = check(...records);
    assert.equal(status, 0, stderr);
    const results = stdout.trim().split('\n').map((line) => JSON.parse(line) as { lines: number; spans: number });
    assert.equal(results.length, 20);
    assert.ok(results.every(({ lines, spans }) => lines >= 1 && spans >= 2));
    assert.ok(results.some(({ lines }) => lines > 1));
  });

  it('would not pass with a field that OTLP does not have, or a number that is no int64', async (t) => {
    const record = await sealRun(temporaryFolder(t), generateRun(1));
    const text = readFileSync(record, 'utf8');
    for (const [from, to] of [
      ['"name":"runweave"', '"name":"runweave","colour":1'],
      ['"intValue":1', '"intValue":1e300'],
      ['"startTimeUnixNano":"', '"startTimeUnixNano":"x'],
    ] as const) {
      assert.ok(text.includes(from));
      const broken = `${record}.broken`;
      writeFileSync(broken, text.replace(from, to));
      assert.equal(check(broken).status, 1, to);
    }
  });
});
