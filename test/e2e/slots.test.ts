/** What tasks that follow one another at once leave of each other. */
import assert from 'node:assert/strict';
import { it } from 'node:test';
import { workspace } from './runweave.ts';

it('an artifact that a shell task names is recorded before the next task writes the same file', async (t) => {
  const place = workspace(t, {
    'runweave.yaml': `
tasks:
  report:
    matrix: {v: [1, 2, 3, 4, 5, 6, 7, 8]}
    shell: yes "line of $RUNWEAVE_PARAM_V" | head -c 40000 > report.html; echo "artifact report.html" >> "$RUNWEAVE_LOG"
`,
  });
  const { code, lines } = await place.run('--jobs', '1');
  assert.equal(code, 0);
  const artifacts = lines.flatMap((line) => (line.type === 'artifact' ? [line] : []));
  const digests = new Set(artifacts.map(({ digest }) => digest));
  assert.deepEqual([artifacts.length, digests.size, new Set(artifacts.map(({ size }) => size))], [8, 8, new Set([40000])]);
});
