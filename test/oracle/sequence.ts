/**
 * One sequence: a random pipeline, then random edits. After each the workspace must hold what a clean build makes, and
 * only tasks may have been executed of which something that they depend on is another.
 */
import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { openSession, type Session } from '../../src/app/session.ts';
import { unsettledVersion } from '../../src/fingerprint/executed-fingerprint.ts';
import { isUnsettled, type Digest, type Reason } from '../../src/model/fingerprint.ts';
import type { PlanEntry } from '../../src/model/plan.ts';
import type { RunEvent } from '../../src/model/run-event.ts';
import { createEdits, deletedCache, failing, hanging, meddling } from './edits.ts';
import { randomFrom } from './random.ts';
import { createWorkspace } from './workspace.ts';
import { dependenciesOf, expected, idOf, indexesOf, made, outputOf, signature, type Child, type Made, type ModelTask } from './world.ts';

/** One session has all runs, as an editor; each has its own, as on the command line; or runs follow the edits. */
export type Mode = 'session' | 'process' | 'watch';

export interface SequenceOptions {
  readonly seed: number;
  readonly edits: number;
  /** Site-packages in which notebook tasks find what they need; absent: there are none. */
  readonly notebooks?: string;
  readonly children: readonly Child[];
  readonly mode?: Mode;
  /** Names of edits, and no others; absent: all. */
  readonly only?: readonly string[];
}

export interface Counts {
  edits: number;
  executed: number;
  restored: number;
  /** Executed once more, as a file changed within the clock's tick before a task that was not known to use it. */
  atTheTick: number;
  /** Of a watch: executed when a run was asked for, though all outputs were as they should. */
  late: number;
}

/** The model and what was run say different things. */
export class Disagreement extends Error {
  readonly kind: 'stale' | 'needless';
  constructor(kind: Disagreement['kind'], message: string) {
    super(message);
    this.kind = kind;
  }
}

/** What somebody asks for: by name, or nobody does, as after a change. */
interface Asked {
  readonly named?: string;
  readonly isWatch?: boolean;
}

type Ran = ReadonlyMap<string, readonly Reason[]>;

const tickFile = 'tick.txt';
const tickOutput = 'out/tick.txt';
/** Milliseconds until a watch must have taken up a change. */
const longestWait = 120_000;

/** Rejects with what is wrong, and with the seed. */
export async function runSequence({ seed, edits: howMany, notebooks, children, mode = 'session', only }: SequenceOptions): Promise<Counts> {
  const random = randomFrom(seed);
  const { chance, oneOf } = random;
  const hasGit = chance(3);
  const tracksOutputs = hasGit && chance(3);
  const findsPython = chance(3);
  const workspace = createWorkspace({ notebooks, hasGit, tracksOutputs });
  const { folder } = workspace;
  const counts: Counts = { edits: 0, executed: 0, restored: 0, atTheTick: 0, late: 0 };
  const edits = createEdits({ random, workspace, children, hasNotebooks: notebooks !== undefined, isWatch: mode === 'watch', isProcess: mode === 'process', findsPython, tracksOutputs, only });
  const { world, damaged } = edits;
  const write = (): number => workspace.write(world(), edits.keepsTime());
  const withIndexes = (): readonly (readonly [string, ModelTask, number])[] => world().tasks.flatMap((task) => indexesOf(task).map((index) => [idOf(task, index), task, index] as const));

  let events: RunEvent[] = [];
  let isRunning = false;
  /** When a task is started next. */
  let savesAgain = false;
  let told: () => void = () => undefined;
  process.env['ORACLE_FLAGS'] = workspace.flags;
  delete process.env['VIRTUAL_ENV'];
  const open = (): Promise<Session> =>
    openSession({ file: path.join(folder, 'runweave.yaml'), ...(!findsPython && { python: workspace.python }) }, (message) => {
      if (message.type === 'event') events.push(message.event);
      if (savesAgain && message.type === 'event' && message.event.type === 'task-started') {
        savesAgain = false;
        workspace.saveAgain();
      }
      if (message.type === 'status') isRunning = message.running;
      told();
    });
  let session: Session | undefined;
  let edit = 'first run';
  const where = (): string => `seed ${seed}, ${mode}, edit ${counts.edits} (${edit}) in ${folder}`;

  /** With the reasons that there were when it was started. */
  const executed = (): Ran => {
    const reasons = new Map<string, readonly Reason[]>();
    const ran = new Map<string, readonly Reason[]>();
    for (const event of events) {
      if (event.type === 'task-stale') reasons.set(event.task, event.reasons);
      else if (event.type === 'task-started') ran.set(event.task, [...(ran.get(event.task) ?? []), ...(reasons.get(event.task) ?? [])]);
    }
    return ran;
  };
  /** `isOnceMore`: that nothing is left to do has to be seen by another process only now and then. */
  const run = async ({ named }: Asked = {}, { outcome = 'success', isOnceMore = false } = {}): Promise<Ran> => {
    if (session === undefined || (mode === 'process' && (!isOnceMore || chance(3)))) {
      await session?.close();
      session = await open();
    }
    const tasks = named === undefined ? [] : [named];
    const plan = mode !== 'watch' && outcome === 'success' && chance(4) ? await session.plan(tasks) : [];
    assert.ok(!('code' in plan), `${where()}: ${JSON.stringify(plan)}`);
    events = [];
    savesAgain = mode === 'watch' && chance(3);
    const result = await session.run({ tasks, force: false });
    const outputs = events.flatMap((event) => (event.type === 'output' ? [event.text] : []));
    assert.ok(!('code' in result) && result.outcome === outcome, `${where()}: ${JSON.stringify(result)} ${JSON.stringify(session.graph().diagnostics)} ${outputs.join('')}`);
    for (const entry of plan) checkPlanned(entry);
    counts.restored += restored().size;
    return executed();
  };
  const restored = (): ReadonlySet<string> => new Set(events.flatMap((event) => (event.type === 'task-skipped' && event.reason === 'restored' ? [event.task] : [])));
  const checkPlanned = ({ task, action, ...entry }: PlanEntry): void => {
    const [isExecuted, isRestored] = [executed().has(task), restored().has(task)];
    const isAsPlanned = { skip: !isExecuted && !isRestored, manual: !isExecuted && !isRestored, restore: isRestored, run: isExecuted || isRestored, maybe: true }[action];
    assert.ok(isAsPlanned, `${where()}: ${task} is planned as ${action} (${JSON.stringify(entry)}), and was ${isExecuted ? `executed: ${JSON.stringify(executed().get(task))}` : isRestored ? 'restored' : 'neither executed nor restored'}`);
  };

  /** What each task made when it was brought up to date last, and from what. */
  const built = new Map<string, { readonly made: Made; readonly signature: string }>();
  /** From now on tasks that wait are in the world as they were. */
  const hold = ({ named, isWatch }: Asked): void => {
    const isHeld = (task: ModelTask): boolean => (task.watch === 'manual' && task.name !== named) || (task.watch === 'lazy' && isWatch === true);
    // It was started before it was seen that it waits now.
    const isStarted = (id: string): boolean => isPartial && isWatch === true && executed().has(id);
    world().held = Object.fromEntries(withIndexes().flatMap(([id, task]) => (isHeld(task) && !isStarted(id) ? [[id, built.get(id)?.made ?? assert.fail(id)]] : [])));
  };
  const upstreamOf = (named: string): ReadonlySet<string> => {
    const found = new Set<string>();
    const visit = (task: ModelTask, index: number): void => {
      if (found.has(idOf(task, index))) return;
      found.add(idOf(task, index));
      for (const [upstream, each] of dependenciesOf(world(), task, index)) visit(upstream, each);
    };
    for (const [, task, index] of withIndexes()) if (task.name === named) visit(task, index);
    return found;
  };
  const check = ({ named }: Asked): void => {
    const wanted = named === undefined ? undefined : upstreamOf(named);
    const inScope = withIndexes().filter(([id]) => wanted?.has(id) !== false);
    const all = Object.assign({}, ...inScope.map(([, task, index]) => expected(world(), task, index))) as Readonly<Record<string, string>>;
    for (const [output, text] of Object.entries(all)) {
      const file = path.join(folder, output);
      const found = existsSync(file) ? readFileSync(file, 'utf8') : 'missing';
      if (found !== text) throw new Disagreement('stale', `${where()}: ${output} is stale: ${JSON.stringify(found)} should be ${JSON.stringify(text)}`);
    }
    for (const place of inScope.flatMap(([, task, index]) => (task.isFolder ? [path.posix.dirname(outputOf(task, index))] : []))) {
      for (const name of readdirSync(path.join(folder, place))) if (!(`${place}/${name}` in all)) throw new Disagreement('stale', `${where()}: ${place}/${name} is left of another state`);
    }
  };
  /**
   * After tasks were brought up to date. Each execution needs a difference in what the task depends on, but a second one
   * after the same edit.
   */
  const judge = (ran: Ran, asked: Asked): void => {
    check(asked);
    const wanted = asked.named === undefined ? undefined : upstreamOf(asked.named);
    const known = new Map(withIndexes().map(([id, task, index]) => [id, { task, index }]));
    const isAfterwards = ranSince.size > 0 || (mode === 'watch' && asked.isWatch !== true);
    for (const [id, reasons] of ran) {
      assert.ok(reasons.length > 0, `${where()}: ${id} ran without a reason`);
      const found = known.get(id);
      // It was started before it was seen that it is gone.
      if (found === undefined && isPartial) continue;
      const { task, index } = found ?? assert.fail(`${where()}: ${id} ran, and is no task`);
      assert.ok(wanted?.has(id) !== false && world().held[id] === undefined, `${where()}: ${id} ran, and nobody asked for it`);
      if (built.get(id)?.signature !== signature(world(), task, index)) continue;
      const isDamaged = reasons.some((reason) => 'path' in reason && damaged.has(reason.path));
      const isLost = edit === deletedCache && reasons.some((reason) => reason.type === 'never-ran') && task.isReturning && task.kind !== 'shell';
      const hasFailed = (edit === failing || edit === hanging) && reasons.some((reason) => reason.type === 'last-run-failed');
      const isFirst = !ranSince.has(id);
      if (isFirst && (isDamaged || isLost || hasFailed || isPartial || meddledWith.has(id))) continue;
      const isOnceMore = reasons.some((reason) => 'from' in reason && (reason.from === unsettledVersion || isUnsettled(reason.from as Digest))) || reasons.every((reason) => reason.type === 'upstream-changed');
      if (!isAfterwards || (!isOnceMore && mode !== 'watch')) throw new Disagreement('needless', `${where()}: ${id} ran needlessly: ${JSON.stringify(reasons)}`);
      counts[isOnceMore ? 'atTheTick' : 'late'] += 1;
    }
    for (const id of ran.keys()) ranSince.add(id);
    for (const [id, { task, index }] of known) {
      if (wanted?.has(id) !== false && world().held[id] === undefined) built.set(id, { made: made(world(), task, index), signature: signature(world(), task, index) });
    }
  };
  /** A watch may have seen a part of several files. */
  let isPartial = false;
  /** Executed since the edit. */
  const ranSince = new Set<string>();

  let tick = 0;
  /** Resolves when a watch has taken up all that was written before; rejects if what it makes is not what it should be. */
  const followed = async (verify: () => void): Promise<Ran> => {
    tick += 1;
    writeFileSync(path.join(folder, tickFile), String(tick));
    const tickMade = path.join(folder, tickOutput);
    const start = performance.now();
    for (;;) {
      const isLast = performance.now() - start > longestWait;
      const message = new Promise<void>((resolve) => (told = resolve));
      if (!isRunning && readFileSync(tickMade, 'utf8') === String(tick)) {
        try {
          verify();
          break;
        } catch (error) {
          if (isLast) throw error;
        }
      } else assert.ok(!isLast, `${where()}: a change was not taken up`);
      const timer = setTimeout(told, longestWait);
      await message;
      clearTimeout(timer);
    }
    counts.restored += restored().size;
    return withoutTick(executed());
  };
  const withoutTick = (ran: Ran): Ran => new Map([...ran].filter(([id]) => id !== 'tick'));

  /** A watch that has started the task already does not give it another. */
  const setTimeoutOf = async (task: ModelTask, isShort: boolean): Promise<void> => {
    task.hangs = isShort;
    if (mode !== 'watch') return;
    write();
    await followed(() => undefined);
    events = [];
  };
  /** A task fails, and is corrected; or hangs, and does so no more without any change that counts. */
  const fail = async (): Promise<void> => {
    const task = oneOf(world().tasks.filter(({ watch }) => watch === 'auto'));
    const flag = path.join(workspace.flags, `hang-${task.name}`);
    if (edit === hanging) {
      // It has not been what it is now, so that it runs.
      await setTimeoutOf(task, true);
      task.constant = 1000 + random.pick(1_000_000);
      writeFileSync(flag, '');
    } else task.isBroken = true;
    write();
    if (mode === 'watch') {
      const isOver = (): boolean => events.some((event) => event.type === 'task-ended' && (event.outcome === 'failure' || event.outcome === 'timeout') && indexesOf(task).some((index) => idOf(task, index) === event.task));
      await followed(() => assert.ok(isOver(), `${where()}: ${task.name} did not fail`));
      events = [];
    } else await run({}, { outcome: 'failure' });
    task.isBroken = false;
    if (edit !== hanging) return;
    rmSync(flag, { force: true });
    await setTimeoutOf(task, false);
    // While watching, what timed out waits for a change that counts.
    if (mode === 'watch') task.constant += 1;
  };

  /** Executed by the run that the last edit meddled with. */
  let meddledWith: ReadonlySet<string> = new Set();
  /**
   * While a task runs that has read its inputs, a file is edited: for good, until the run has ended, or only for a moment;
   * or an output of a task before it is overwritten. Whatever they read, the next run has to bring all up to date.
   */
  const meddle = async (): Promise<void> => {
    const task = oneOf(world().tasks.filter(({ watch }) => watch === 'auto'));
    const flag = path.join(workspace.flags, `hold-${task.name}`);
    task.constant = 2 * (1000 + random.pick(1_000_000));
    writeFileSync(flag, '');
    write();
    if (session === undefined || mode === 'process') {
      await session?.close();
      session = await open();
    }
    events = [];
    const ending = session.run({ tasks: [], force: false });
    const state = { isOver: false };
    void ending.finally(() => (state.isOver = true));
    while (!state.isOver && !existsSync(`${flag}-read`)) await new Promise((resolve) => setTimeout(resolve, 5));
    const upstream = indexesOf(task).flatMap((index) => dependenciesOf(world(), task, index).flatMap(([other, each]) => (other.watch === 'auto' ? [outputOf(other, each)] : [])));
    const file = oneOf([...['data/d0.txt', 'data/d1.txt', 'data/d2.txt', 'data/g/0.txt'].filter((each) => world().files[each] !== undefined), ...(task.kind === 'shell' ? [] : [`modules/${task.module}.py`]), ...upstream]);
    const place = path.join(folder, file);
    const before = readFileSync(place, 'utf8');
    writeFileSync(place, before.includes("return '") ? before.replaceAll("return '", "return 'meddled ") : `meddled ${before}`);
    const how = upstream.includes(file) ? 'damage' : oneOf(['for good', 'until the end', 'for a moment'] as const);
    edit = `${meddling}: ${file} ${how}, ${task.name}`;
    if (how === 'for a moment' || (how === 'damage' && chance(2))) writeFileSync(place, before);
    else if (how === 'damage') edits.damage(file);
    rmSync(flag);
    rmSync(`${flag}-read`, { force: true });
    const result = await ending;
    assert.ok(!('code' in result) && result.outcome === 'success', `${where()}: ${JSON.stringify(result)}`);
    meddledWith = new Set(executed().keys());
    if (how === 'until the end' || (how === 'for good' && file.endsWith('.py'))) writeFileSync(place, before);
    else if (how === 'for good') edits.setFile(file, readFileSync(place, 'utf8'));
  };

  try {
    write();
    if (mode === 'watch') writeFileSync(path.join(folder, tickFile), '');
    workspace.git?.commit(world());
    judge(withoutTick(await run()), {});
    const watch = mode === 'watch' ? await session?.watch([]) : undefined;
    assert.ok(watch === undefined || !('code' in watch), where());
    // Its first run is asked for, so that `lazy` tasks are a part of it.
    if (mode === 'watch') await followed(() => undefined);
    while (counts.edits < howMany) {
      counts.edits += 1;
      events = [];
      edit = edits.next();
      savesAgain = mode === 'watch' && chance(4);
      if ((edit === failing || edit === hanging) && world().tasks.some(({ watch }) => watch === 'auto')) await fail();
      meddledWith = new Set();
      if (edit === meddling && mode !== 'watch' && world().tasks.some(({ watch }) => watch === 'auto')) await meddle();
      const written = write();
      isPartial = mode === 'watch' && written > 1 && !edits.isOneStep();
      ranSince.clear();
      const settle = (ran: Ran, asked: Asked): void => {
        judge(ran, asked);
        counts.executed += ran.size;
      };
      if (mode === 'watch') {
        const verify = (): void => {
          hold({ isWatch: true });
          check({});
        };
        settle(await followed(verify), { isWatch: true });
      }
      if (chance(4)) {
        const asked = { named: oneOf(world().tasks).name };
        hold(asked);
        settle(await run(asked), asked);
      }
      hold({});
      settle(await run(), {});
      const again = await run({}, { isOnceMore: true });
      judge(again, {});
      const further = again.size === 0 ? again : await run({}, { isOnceMore: true });
      assert.equal(further.size, 0, `${where()}: a further run executes ${[...further].map((each) => JSON.stringify(each)).join()}`);
      edits.remember();
    }
  } finally {
    await session?.close();
  }
  workspace.remove();
  return counts;
}
