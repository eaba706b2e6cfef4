/**
 * Never stale, never needless: random pipelines under random edits, against a model that knows what each file should
 * hold. A task's output is the text of everything that it reads, so anything that was missed shows in the bytes.
 *
 * `ORACLE_SEQUENCES` and `ORACLE_SEED` make it longer or repeat one sequence; `test/oracle/oracle.ts` does thousands.
 */
import { it } from 'node:test';
import { runSequence } from '../oracle/sequence.ts';

const sequences = Number(process.env['ORACLE_SEQUENCES'] ?? 6);
const first = Number(process.env['ORACLE_SEED'] ?? 20261121);

for (let seed = first; seed < first + sequences; seed += 1) {
  it(`agrees with the model (ORACLE_SEED=${seed})`, async (context) => {
    const { edits, executed, restored, atTheTick } = await runSequence({ seed, edits: 12, children: ['none', 'subprocess', 'os.fork', 'spawn'] });
    context.diagnostic(`${edits} edits, ${executed} executions, ${restored} restored, stale 0, needless 0, once more for an edit at the tick ${atTheTick}`);
  });
}
