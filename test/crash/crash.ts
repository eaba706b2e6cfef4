/**
 * Kills the executor with SIGKILL at random moments, over and over, while it runs a real pipeline of shell and Python
 * tasks that change between the kills, and looks at what is left. The pipeline's tasks write their outputs in two
 * halves with time between, fork a child and a daemon, and some take part in a matrix.
 *
 * What must hold: every attempt whose end was announced (its event was printed) is in a sealed record, with that end;
 * nothing is under `runs/` but whole records; a run that is not killed ends with outputs that are byte for byte what
 * the sources say, and executes nothing when asked again; no process of any killed run is left after it.
 *
 * `node test/crash/crash.ts [KILLS] [SEED]` is the long one (500 kills); `test/e2e/crash.test.ts` a short one.
 */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { RunEvent } from '../../src/model/run-event.ts';
import type { RunState } from '../../src/model/run-state.ts';
import { processesWith } from '../../src/execution/backend/descendants.ts';
import { readRecord } from '../../src/store/read-record.ts';
import { eventually } from '../eventually.ts';

const cli = path.join(import.meta.dirname, '..', '..', 'dist', 'cli.cjs');

const pipeline = `
name: crash
tasks:
  first: {shell: sh half.sh a.in first.out, inputs: [a.in], outputs: [first.out]}
  second: {shell: sh half.sh b.in second.out, inputs: [b.in], outputs: [second.out]}
  part: {python: part.py, inputs: [first.out], matrix: {n: [1, 2, 3]}, outputs: ["part-\${matrix.n}.out"]}
  joined: {shell: cat part-1.out part-2.out part-3.out second.out > joined.tmp && sh half.sh joined.tmp joined.out, inputs: [part-1.out, part-2.out, part-3.out, second.out], outputs: [joined.out]}
  last: {python: last.py, inputs: [joined.out], outputs: [last.out]}
`;

/** A checksum, written in two halves; a child in the group and a daemon out of it stay behind. */
const half = `
sleep 100 & setsid -f sleep 100 >/dev/null 2>&1 </dev/null
sum=$(sha256sum < "$1")
printf '%s' "$(echo "$sum" | cut -c1-32)" > "$2"
sleep 0.02
printf '%s\\n' "$(echo "$sum" | cut -c33-64)" >> "$2"
echo "wrote $2"
`;

const python = (name: string, source: string, salt: string): string => `
import hashlib, runweave, time
sum = hashlib.sha256(open("${source}", "rb").read() + ${salt}).hexdigest()
runweave.log_metric("length", len(sum))
with open(${name}, "w") as file:
    file.write(sum[:32]); file.flush()
    time.sleep(0.01)
    file.write(sum[32:] + "\\n")
print("wrote")
`;

const sources: Readonly<Record<string, string>> = {
  'runweave.yaml': pipeline,
  'half.sh': half,
  'part.py': python('f"part-{runweave.params[\'n\']}.out"', 'first.out', 'str(runweave.params["n"]).encode()'),
  'last.py': python('"last.out"', 'joined.out', 'b""'),
  'a.in': 'a',
  'b.in': 'b',
};

function expectedOutputs(a: string, b: string): Readonly<Record<string, string>> {
  const sum = (text: string): string => `${createHash('sha256').update(text).digest('hex')}\n`;
  const first = sum(a);
  const second = sum(b);
  const parts = ['1', '2', '3'].map((n) => sum(first + n));
  const joined = sum(parts.join('') + second);
  return { 'first.out': first, 'second.out': second, 'part-1.out': parts[0] ?? '', 'part-2.out': parts[1] ?? '', 'part-3.out': parts[2] ?? '', 'joined.out': joined, 'last.out': sum(joined) };
}

/** xorshift32: the same seed gives the same moments. */
function randomFrom(seed: number): () => number {
  let state = seed | 1;
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) / 2 ** 32;
  };
}

export interface CrashCounts {
  readonly kills: number;
  /** Runs that ended before they were to be killed. */
  readonly survived: number;
  /** Of the kills, by what had happened in the run last: `nothing` before its first event. */
  readonly moments: Readonly<Record<string, number>>;
  readonly attempts: number;
  readonly records: number;
  readonly checks: number;
}

interface Announced {
  readonly runId: string;
  readonly task: string;
  readonly attempt: number;
  readonly outcome: string;
}

/** Throws at the first thing that is not as it must be. */
export async function crash(options: { readonly kills: number; readonly seed: number; readonly progress?: (kills: number) => void }): Promise<CrashCounts> {
  const folder = mkdtempSync(path.join(tmpdir(), 'runweave-crash-'));
  const mark = `RUNWEAVE_CRASH_TEST=${path.basename(folder)}`;
  const random = randomFrom(options.seed);
  const texts = { a: 'a', b: 'b' };
  const announced: Announced[] = [];
  const moments: Record<string, number> = {};
  let kills = 0;
  let survived = 0;
  let checks = 0;
  let edits = 0;
  /** How long a run took that did something, in milliseconds to its first event and from there: kills are spread over both. */
  const length = { start: 500, work: 500 };

  /** Runs, and kills the executor so many milliseconds after its start or its first event, unless it has ended by then. */
  const run = (kill?: { readonly after: 'start' | 'first event'; readonly delay: number }): Promise<{ readonly killed: boolean; readonly code: number | null; readonly executed: number; readonly stderr: string }> =>
    new Promise((resolve) => {
      const started = performance.now();
      let begun: number | undefined;
      let timer: NodeJS.Timeout | undefined;
      const killAfter = (moment: 'start' | 'first event'): void => {
        if (kill?.after === moment) timer = setTimeout(() => child.kill('SIGKILL'), kill.delay);
      };
      const child = spawn(process.execPath, [cli, 'run', '--json'], { cwd: folder, env: { ...process.env, RUNWEAVE_CRASH_TEST: path.basename(folder) }, stdio: ['ignore', 'pipe', 'pipe'] });
      let rest = '';
      let runId = '';
      let executed = 0;
      let moment = 'nothing';
      let stderr = '';
      child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
      child.stdout.setEncoding('utf8').on('data', (text: string) => {
        const lines = (rest + text).split('\n');
        rest = lines.pop() ?? '';
        for (const line of lines) {
          const event = JSON.parse(line) as RunEvent;
          if (begun === undefined) killAfter('first event');
          begun ??= performance.now();
          moment = event.type;
          if (event.type === 'run-started') runId = event.runId;
          if (event.type === 'attempt-started') executed += 1;
          if (event.type === 'attempt-ended') announced.push({ runId, task: event.task, attempt: event.attempt, outcome: event.outcome });
        }
      });
      killAfter('start');
      child.on('close', (code, signal) => {
        clearTimeout(timer);
        const killed = signal === 'SIGKILL';
        if (!killed && begun !== undefined && executed > 0) Object.assign(length, { start: begun - started, work: performance.now() - begun });
        if (killed) moments[moment] = (moments[moment] ?? 0) + 1;
        resolve({ killed, code, executed, stderr });
      });
    });

  const edit = (): void => {
    edits += 1;
    // Every third time both; sometimes back to what it was.
    const value = random() < 0.2 ? 'again' : `edit ${edits}`;
    if (edits % 3 !== 1) texts.a = value;
    if (edits % 3 !== 2) texts.b = value;
    writeFileSync(path.join(folder, 'a.in'), texts.a);
    writeFileSync(path.join(folder, 'b.in'), texts.b);
  };

  const lookAtRecords = async (): Promise<number> => {
    const runs = path.join(folder, '.runweave', 'runs');
    const names = readdirSync(runs);
    assert.deepEqual(names.filter((name) => !/^[^.].*\.otlp\.jsonl$/.test(name)), [], 'only records are under runs/');
    assert.deepEqual(readdirSync(path.join(folder, '.runweave', 'live')).filter((name) => name.endsWith('.jsonl') || name.includes('unreadable')), [], 'no log is left');
    const states = new Map<string, RunState>();
    for (const name of names) {
      const record = await readRecord(path.join(runs, name));
      assert.ok(record.type === 'run', `${name} is a run`);
      assert.notEqual(record.state.outcome, undefined, `${name} has an outcome`);
      assert.deepEqual(record.state.warnings, [], `${name} is whole`);
      states.set(record.state.runId, record.state);
    }
    for (const { runId, task, attempt, outcome } of announced) {
      const found = states.get(runId)?.tasks.find((each) => each.node.id === task)?.attempts.find((each) => each.number === attempt);
      assert.equal(found?.outcome, outcome, `attempt ${attempt} of ${task} in ${runId} is recorded with its end`);
    }
    return names.length;
  };

  /** A run to the end, and all that must hold after it. */
  const check = async (): Promise<number> => {
    checks += 1;
    const whole = await run();
    assert.equal(whole.code, 0, whole.stderr);
    for (const [name, text] of Object.entries(expectedOutputs(texts.a, texts.b))) assert.equal(readFileSync(path.join(folder, name), 'utf8'), text, `${name} is what its sources say`);
    const again = await run();
    assert.equal(again.code, 0, again.stderr);
    assert.equal(again.executed, 0, 'nothing is left to do');
    // What was killed needs a moment of the processor to end.
    await eventually(() => assert.deepEqual(processesWith([mark]), [], 'no process is left'));
    return lookAtRecords();
  };

  try {
    for (const [name, text] of Object.entries(sources)) {
      mkdirSync(path.dirname(path.join(folder, name)), { recursive: true });
      writeFileSync(path.join(folder, name), text);
    }
    let records = await check();
    while (kills < options.kills) {
      if (random() < 0.7) edit();
      const { killed, code, stderr } = await run(random() < 0.2 ? { after: 'start', delay: random() * length.start } : { after: 'first event', delay: random() * length.work });
      if (killed) kills += 1;
      else {
        survived += 1;
        assert.equal(code, 0, stderr);
      }
      if (killed && kills % 10 === 0) {
        records = await check();
        options.progress?.(kills);
      }
    }
    records = await check();
    return { kills, survived, moments, attempts: announced.length, records, checks };
  } finally {
    for (const pid of processesWith([mark])) process.kill(pid, 'SIGKILL');
    rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
  }
}

if (process.argv[1] === import.meta.filename) {
  const kills = Number(process.argv[2] ?? 500);
  const seed = Number(process.argv[3] ?? Date.now() % 2 ** 31);
  console.log(`seed ${seed}`);
  const counts = await crash({ kills, seed, progress: (done) => process.stdout.write(`\r${done} kills`) });
  console.log(`\r${counts.kills} kills, ${counts.survived} runs ended before theirs; ${counts.attempts} announced attempts, all in ${counts.records} sealed records; ${counts.checks} whole runs checked`);
  console.log('last event before the kill:', counts.moments);
}
