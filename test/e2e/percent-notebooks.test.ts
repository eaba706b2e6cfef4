/**
 * What jupytext and IPython make of random `.py` notebooks and edits of them, against the digests: two that are taken
 * for the same run the same. How often two that run the same are told apart is reported; that costs a run.
 *
 * `PERCENT_NOTEBOOKS` and `PERCENT_SEED` make it longer or repeat one run.
 */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import path from 'node:path';
import { it } from 'node:test';
import { meaningOf } from '../../src/fingerprint/meaning.ts';

const count = Number(process.env['PERCENT_NOTEBOOKS'] ?? 800);
const seed = Number(process.env['PERCENT_SEED'] ?? 20261122);
const python = path.join(import.meta.dirname, '../../examples/digits/.venv/bin/python');

/** Text, and digest of what runs. */
type Row = readonly [text: string, runs: string];

it(`takes no two percent notebooks for the same that run otherwise (PERCENT_SEED=${seed}, ${count} notebooks)`, (context) => {
  const made = spawnSync(python, [path.join(import.meta.dirname, '../python/percent_oracle.py'), String(seed), String(count)], { maxBuffer: 2 ** 30, encoding: 'utf8' });
  assert.equal(made.status, 0, made.stderr);
  let [pairs, same, needless] = [0, 0, 0];
  for (const line of made.stdout.split('\n')) {
    if (line === '') continue;
    const rows = (JSON.parse(line) as readonly Row[]).map(([text, runs]) => ({ text, runs, meaning: meaningOf(Buffer.from(text), 'notebook', false) }));
    for (const [index, a] of rows.entries()) {
      for (const b of rows.slice(index + 1)) {
        pairs += 1;
        const isSame = a.meaning !== undefined && a.meaning.docstrings === b.meaning?.docstrings;
        if (isSame) assert.equal(a.runs, b.runs, `${JSON.stringify(a.text)}\n${JSON.stringify(b.text)}`);
        if (a.runs !== b.runs) continue;
        same += 1;
        if (!isSame) needless += 1;
      }
    }
  }
  context.diagnostic(`${pairs} pairs, of ${same} that run the same ${needless} differ`);
  assert.ok(same - needless > count / 4, 'the edits say something');
});
