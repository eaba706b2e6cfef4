/**
 * What `ast` says of the standard library's sources and of random edits of them, against the digests: two sources that
 * are taken for the same have the same syntax tree, in both views. How often the trees are the same and the digests are
 * not is reported; that costs a run that was not needed.
 *
 * `MEANING_SOURCES` and `MEANING_SEED` make it longer or repeat one run; `MEANING_PYTHON` names another interpreter.
 */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import path from 'node:path';
import { it } from 'node:test';
import { meaningOf } from '../../src/fingerprint/meaning.ts';

const count = Number(process.env['MEANING_SOURCES'] ?? 6000);
const seed = Number(process.env['MEANING_SEED'] ?? 20261121);
const python = process.env['MEANING_PYTHON'] ?? 'python3';

/** Source, and digests of its syntax tree with and without docstrings; `null` for a mistake. */
type Row = readonly [source: string, tree: string | null, treeWithoutDocstrings: string | null];

it(`takes no two sources for the same that differ for Python (MEANING_SEED=${seed}, ${count} sources)`, (context) => {
  const made = spawnSync(python, [path.join(import.meta.dirname, '../python/meaning_oracle.py'), String(seed), String(count)], { maxBuffer: 2 ** 30, encoding: 'utf8' });
  assert.equal(made.status, 0, made.stderr);
  let [pairs, sameTree, needless] = [0, 0, 0];
  for (const line of made.stdout.split('\n')) {
    if (line === '') continue;
    const rows = (JSON.parse(line) as readonly Row[]).map(([source, tree, bare]) => ({ source, tree, bare, meaning: meaningOf(Buffer.from(source), 'python', false) }));
    for (const [index, a] of rows.entries()) {
      for (const b of rows.slice(index + 1)) {
        if (a.source === b.source) continue;
        pairs += 1;
        const show = `${JSON.stringify(a.source)}\n${JSON.stringify(b.source)}`;
        const [one, other] = [a.meaning, b.meaning];
        const isSame = one !== undefined && one.code === other?.code;
        if (isSame) assert.equal(a.bare, b.bare, show);
        if (one !== undefined && one.docstrings === other?.docstrings) assert.equal(a.tree, b.tree, show);
        if (a.bare === null || a.bare !== b.bare) continue;
        sameTree += 1;
        if (!isSame) needless += 1;
      }
    }
  }
  context.diagnostic(`${pairs} pairs, of ${sameTree} with the same tree ${needless} differ`);
  assert.ok(sameTree > count / 4, 'the edits say something');
  assert.ok(needless < sameTree / 10, `${needless} of ${sameTree}`);
});
