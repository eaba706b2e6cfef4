/** A pipeline in a temporary folder of each test, of which results are kept and restored without a run. */
import assert from 'node:assert/strict';
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach } from 'node:test';
import { createFileDigests, digestOf } from '../../../src/fingerprint/file-digests.ts';
import { keptFolder } from '../../../src/fingerprint/kept-folder.ts';
import { objectFile, readKeptSmall } from '../../../src/fingerprint/kept-objects.ts';
import { openKeptResults, type CompleteResult, type KeepOptions, type KeptResult } from '../../../src/fingerprint/kept-results.ts';
import { fingerprintTask } from '../../../src/fingerprint/task-fingerprint.ts';
import type { Task } from '../../../src/model/pipeline.ts';
import type { RunId, SpanId, TraceId } from '../../../src/model/run-event.ts';
import type { UnixNano } from '../../../src/model/time.ts';
import { taskOf } from '../sketch.ts';

let folder = '';
beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'runweave-kept-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

export const at = (name: string): string => path.join(folder, name);
export function write(name: string, text: string, mode = 0o644): void {
  mkdirSync(path.dirname(at(name)), { recursive: true });
  writeFileSync(at(name), text);
  chmodSync(at(name), mode);
}
export const later = Date.now() + 3_600_000;
/** Before all that the tests write. */
export const earlier = Date.now() - 60_000;
/** How many results were made so far: the last is that of `run-<runs>`. */
export let runs = 0;

export const nobody = { written: new Set<string>(), continued: new Set<string>(), stayed: new Set<string>() };

/** A pipeline whose one task has been executed by the test: its outputs are what the test wrote. */
export function world(fields: Partial<Task> = {}, limit = 1e9, pipelineFile = 'runweave.yaml', free?: () => number) {
  const task = taskOf({ id: 'make', inputs: ['in.txt'], outputs: ['out'], ...fields });
  const digests = createFileDigests();
  const kept = openKeptResults({ store: at('.runweave'), pipelineFile: at(pipelineFile), limit, digests: () => digests, ...(free && { free }) });
  const inputs = { task, folder, params: task.params, interpreter: undefined, upstream: () => undefined };
  const current = () => fingerprintTask({ ...inputs, last: undefined }, digests);
  const ended = async (more: Partial<CompleteResult> = {}): Promise<CompleteResult> => {
    const outputs = [];
    for (const output of task.outputs) {
      const found = await digests.ofPath(folder, output);
      if (found !== undefined) outputs.push({ path: output, ...found });
    }
    runs += 1;
    return { runId: `run-${runs}` as RunId, traceId: 't' as TraceId, spanId: 's' as SpanId, outcome: 'success', fingerprint: await current(), outputs, returns: {}, duration: 1, end: String(10n ** 18n + BigInt(runs)) as UnixNano, ...more };
  };
  const keep = async (more: Partial<CompleteResult> = {}, startedAt = earlier, who: Partial<KeepOptions> = {}): Promise<string | undefined> => kept.keep(task, await ended(more), { inputs, startedAt, isCertain: true, ...nobody, ...who });
  const find = async (): Promise<KeptResult | undefined> => kept.find(inputs, await current());
  const told: string[] = [];
  const aside = { runId: 'run-x' as RunId, tell: (message: string): void => void told.push(message) };
  /** `meanwhile`: what comes in between. */
  const restore = async (meanwhile = (): void => undefined): Promise<boolean> => {
    const found = await find();
    assert.ok(found, 'nothing is kept for this state');
    meanwhile();
    return kept.restore(task, found, aside);
  };
  return { kept, task, ended, keep, find, restore, aside, told };
}

export const object = (text: string): string => objectFile(keptFolder(at('.runweave')), digestOf(text));
export const small = (text: string): string | undefined => readKeptSmall(keptFolder(at('.runweave')), digestOf(text))?.toString();
