/**
 * What Python does with random programs and random edits of them, against what is said to count for the function that
 * is called: where no digest changes, neither does what can be seen of a run. How often that is so for edits after which
 * a run is the same is reported; the rest are runs that were not needed.
 *
 * `SLICE_PROGRAMS` (72 pairs each) and `SLICE_SEED` make it longer or repeat one run; `SLICE_PYTHON` names an interpreter.
 */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { it } from 'node:test';
import { sliceModules } from '../../src/fingerprint/function-slice.ts';
import { meaningOf, viewOf, type Meaning } from '../../src/fingerprint/meaning.ts';
import type { ModuleParts } from '../../src/fingerprint/module-parts.ts';

const count = Number(process.env['SLICE_PROGRAMS'] ?? 60);
const seed = Number(process.env['SLICE_SEED'] ?? 20261122);
const python = process.env['SLICE_PYTHON'] ?? 'python3';

interface Variant {
  readonly sources: Readonly<Record<string, string>>;
  /** Files that don't compile. */
  readonly mistakes: readonly string[];
  readonly fine: boolean;
  /** Files of the modules that were imported. */
  readonly imported: readonly string[];
  readonly digest: string;
}

/** As for a task that imported `files` when it ran last; `undefined` where a source is not compared by its meaning alone. */
function digestsOf(variant: Variant, files: readonly string[], meanings: ReadonlyMap<string, Meaning | undefined>): { readonly sliced: string; readonly whole: string } | undefined {
  const used = Object.fromEntries(files.map((file) => [file, meanings.get(variant.sources[file] ?? '')]));
  if (Object.values(used).some((meaning) => meaning === undefined) || viewOf(used) !== 'code') return undefined;
  const slices = sliceModules({ module: 'm0', function: 'f0' }, Object.fromEntries(Object.entries(used).flatMap(([file, meaning]): [string, ModuleParts][] => (meaning?.module === undefined ? [] : [[file, meaning.module]])))) ?? {};
  const digestOf = (file: string): string => (variant.mistakes.includes(file) ? undefined : slices[file]?.digest) ?? used[file]?.code ?? '';
  return { sliced: files.map(digestOf).join(), whole: files.map((file) => used[file]?.code).join() };
}

it(`never takes a program for the same that does something else (SLICE_SEED=${seed}, ${count} programs)`, async (context) => {
  const oracle = spawn(python, [path.join(import.meta.dirname, '../python/slice_oracle.py'), String(seed), String(count)], { stdio: ['ignore', 'pipe', 'inherit'] });
  context.after(() => oracle.kill());
  const ended = new Promise<number | null>((resolve) => oracle.on('close', resolve));
  const tally = { pairs: 0, changed: 0, same: 0, skipped: 0, bySlice: 0, wholeDiffers: 0 };
  for await (const line of createInterface({ input: oracle.stdout })) {
    const variants = JSON.parse(line) as readonly Variant[];
    const meanings = new Map<string, Meaning | undefined>();
    for (const source of new Set(variants.flatMap((variant) => Object.values(variant.sources)))) meanings.set(source, meaningOf(Buffer.from(source), 'module', false));
    for (const before of variants) {
      if (!before.fine) continue;
      const then = digestsOf(before, before.imported, meanings);
      for (const after of variants) {
        if (after === before || before.imported.every((file) => before.sources[file] === after.sources[file])) continue;
        tally.pairs += 1;
        const isSame = after.digest === before.digest;
        if (isSame) tally.same += 1;
        else tally.changed += 1;
        const now = then && digestsOf(after, before.imported, meanings);
        if (then === undefined || now === undefined) {
          tally.skipped += 1;
          continue;
        }
        if (then.sliced === now.sliced) assert.equal(after.digest, before.digest, JSON.stringify({ before, after }));
        if (!isSame || then.whole === now.whole) continue;
        tally.wholeDiffers += 1;
        if (then.sliced === now.sliced) tally.bySlice += 1;
      }
    }
  }
  assert.equal(await ended, 0, 'the oracle went to its end');
  context.diagnostic(`${tally.pairs} pairs: ${tally.changed} do something else; of ${tally.wholeDiffers} that do the same and are compared by meaning, ${tally.bySlice} count as unchanged`);
  assert.ok(tally.bySlice > count / 2, `${tally.bySlice}: the analysis helps`);
  assert.ok(tally.changed > count, `${tally.changed}: the edits do something`);
});
