/** Two real runs, compared down to lines and cells by the command line. */
import assert from 'node:assert/strict';
import { it } from 'node:test';
import { workspace } from './runweave.ts';

const pipeline = (rate: number): string => `name: compared
params: {rate: ${rate}}
tasks:
  score:
    shell: sh score.sh
    params: {rate: "\${params.rate}"}
    inputs: [score.sh]
    outputs: [scores.csv]
`;
const script = (extra: string): string => `printf 'digit,score\\n0,0.9\\n1,%s\\n${extra}' "$RUNWEAVE_PARAM_RATE" > scores.csv
echo "started $(date +%H:%M:%S)"
echo "rate $RUNWEAVE_PARAM_RATE"
echo "metric accuracy=$RUNWEAVE_PARAM_RATE" >> "$RUNWEAVE_LOG"
cp scores.csv logged.csv && echo "artifact logged.csv" >> "$RUNWEAVE_LOG"
`;

it('compare tells what differs between two runs, and with --details in what lines and cells', async (t) => {
  const place = workspace(t, { 'runweave.yaml': pipeline(0.5), 'score.sh': script('') });
  assert.equal((await place.run()).code, 0);
  place.write('runweave.yaml', pipeline(0.75));
  place.write('score.sh', script('2,0.1\\n'));
  assert.equal((await place.run()).code, 0);

  const overview = (await place.runweave('compare', '-2', 'latest')).stdout;
  assert.match(overview, /^Parameters\n {2}rate +0\.5 → 0\.75$/m);
  assert.match(overview, /^Code\n {2}score\.sh +[\da-f]{8} → [\da-f]{8} +used by score$/m);
  assert.match(overview, /^Metrics\n {2}score\.accuracy +0\.5 → 0\.75 +better$/m);
  assert.match(overview, /^Artifacts\n {2}score: logged\.csv .* 1 cell in 1 of 2 rows, 1 row new, by digit$/m);
  assert.match(overview, /^Outputs\n {2}score: scores\.csv .* 1 cell in 1 of 2 rows, 1 row new, by digit$/m);
  assert.match(overview, /^Printed\n {2}score stdout +\+1 −1 lines$/m, 'the time of day is no difference');

  const details = (await place.runweave('compare', '-2', 'latest', '--details')).stdout;
  assert.match(details, /^Artifacts\n.*\n +1 +score +0\.5 → 0\.75\n +\+ 2 +2, 0\.1$/m);
  assert.match(details, /^ +- rate 0\.5\n +\+ rate 0\.75$/m);
  assert.match(details, /^Timeline of .*\nscore/m);

  const json = JSON.parse((await place.runweave('compare', '-2', 'latest', '--details', '--json', '--key', 'score')).stdout) as { differences: { type: string }[]; timelines: { rows: { task: string }[] }; details: { difference: number; diff: { type: string; table?: { key?: string } } }[] };
  const table = json.details.find(({ diff }) => diff.type === 'table');
  assert.deepEqual([json.differences[table?.difference ?? -1]?.type, table?.diff.table?.key], ['artifact', 'score']);
  assert.deepEqual(json.timelines.rows.map(({ task }) => task), ['score']);
});

it('runs of two folders are compared with what each of them kept', async (t) => {
  const [one, other] = [workspace(t, { 'runweave.yaml': pipeline(0.5), 'score.sh': script('') }), workspace(t, { 'runweave.yaml': pipeline(0.75), 'score.sh': script('2,0.1\\n') })];
  assert.equal((await one.run()).code, 0);
  assert.equal((await other.run()).code, 0);
  // What the run stands for was made by an earlier one, which only its own folder knows.
  assert.deepEqual((await other.run()).executed, []);
  const idOf = async ({ runweave }: typeof one, at: number): Promise<string> => (JSON.parse((await runweave('runs', '--json')).stdout) as { runs: { runId: string }[] }).runs[at]?.runId ?? '';
  const ids = [await idOf(one, 0), await idOf(other, 0)];

  const { code, stdout } = await one.runweave('compare', ...ids, '--records', '.', '--records', other.folder, '--details');
  assert.equal(code, 0);
  assert.match(stdout, /^Code\n.*\n[^]*?\+ printf .*2,0\.1/m, 'the source of each');
  assert.match(stdout, /^Artifacts\n.* 1 cell in 1 of 2 rows, 1 row new, by digit$/m);
  assert.match(stdout, /^Outputs\n.* 1 cell in 1 of 2 rows, 1 row new, by digit$/m);
});
