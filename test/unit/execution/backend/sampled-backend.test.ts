import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, it } from 'node:test';
import { localBackend } from '../../../../src/execution/backend/local.ts';
import type { RunningProcess } from '../../../../src/execution/backend/backend.ts';
import { createGpuReader } from '../../../../src/execution/backend/gpu-usage.ts';
import { createSampler } from '../../../../src/execution/backend/sampled-backend.ts';
import { networkUsage } from '../../../../src/execution/backend/network-usage.ts';
import type { ResourceSample } from '../../../../src/model/run-event.ts';
import { temporaryFolder } from '../../recording/temporary-folder.ts';

/** What `nvidia-smi` prints on a machine with two GPUs, of which one is used: a mock, as there is no GPU here. */
function mockNvidiaSmi(pid: () => number): (args: readonly string[]) => Promise<string> {
  return ([query = '']) => Promise.resolve(query.startsWith('--query-gpu') ? 'GPU-a, 87\nGPU-b, 3\n' : `GPU-a, ${pid()}, 1536\nGPU-b, 1, 10\n`);
}

describe('samples of what a task uses', () => {
  it('are of the process and all below it, until it ends', async (t) => {
    if (process.platform !== 'linux') return;
    const folder = temporaryFolder(t);
    const script = path.join(folder, 'work.mjs');
    // Half of the work is done by a child: 60 MB in each, a file that is flushed to disk, and CPU until it is ended.
    writeFileSync(
      script,
      `import { spawn } from 'node:child_process';
       import { fsyncSync, openSync, writeSync } from 'node:fs';
       const held = Buffer.alloc(60e6, 1);
       if (process.argv[2] !== 'child') spawn(process.execPath, [process.argv[1], 'child'], { stdio: 'inherit' });
       const file = openSync(process.argv[1] + (process.argv[2] ?? '') + '.out', 'w');
       writeSync(file, held.subarray(0, 1e6)); fsyncSync(file);
       for (;;) held[0]++;`,
    );
    const samples: ResourceSample[] = [];
    const started: RunningProcess[] = [];
    let bytes = 1000;
    const sampler = createSampler({ gpu: createGpuReader(mockNvidiaSmi(() => started[0]?.pid ?? 0)), network: () => ({ received: (bytes += 10), sent: 5 }) });
    const backend = sampler.watch(localBackend(), (sample) => {
      samples.push(sample);
      if (sample.memory > 150e6 && sample.cpu > 0.2 && sample.gpu !== undefined) started[0]?.stop();
    });
    started.push(await backend.start({ command: [process.execPath, script], cwd: folder, env: {}, onOutput: () => undefined }));
    assert.deepEqual(await started[0]?.ended, { type: 'signal', signal: 'SIGTERM' });
    const last = samples.at(-1);
    assert.ok(last !== undefined);
    assert.deepEqual([last.gpu, last.gpuMemory], [0.87, 1536 * 1024 * 1024]);
    assert.ok((last.received ?? 0) >= 10 && (last.received ?? 0) < 1000, 'since it started');
    assert.equal(last.sent, 0);
    assert.ok(last.memory < 1e9 && last.cpu < 60);
    for (const [index, sample] of samples.entries()) assert.ok(sample.cpu >= (samples[index - 1]?.cpu ?? 0), 'CPU time only grows');
  });

  it('have the bytes of all interfaces but the loopback, as Linux tells them', () => {
    const table = `Inter-|   Receive                                                |  Transmit
 face |bytes    packets errs drop fifo frame compressed multicast|bytes    packets errs drop fifo colls carrier compressed
    lo: 5000 10 0 0 0 0 0 0 5000 10 0 0 0 0 0 0
  eth0: 1200 10 0 0 0 0 0 0 340 9 0 0 0 0 0 0
 wlan0:7 1 0 0 0 0 0 0 8 1 0 0 0 0 0 0
`;
    assert.deepEqual(networkUsage(() => table), { received: 1207, sent: 348 });
    assert.equal(networkUsage(() => { throw new Error('no such file'); }), undefined);
  });

  it('are not taken of what ends at once, or never started', async () => {
    const samples: ResourceSample[] = [];
    const backend = createSampler({ usage: () => assert.fail('nothing is looked at') }).watch(localBackend(), (sample) => samples.push(sample));
    assert.deepEqual((await (await backend.start({ command: ['/nowhere/program'], cwd: '.', env: {}, onOutput: () => undefined })).ended).type, 'start-failed');
  });

  it('leave a process alone that is gone', async () => {
    const usages: number[] = [];
    const backend = createSampler({
      usage: (pid) => {
        usages.push(pid);
        started[0]?.stop();
        return undefined;
      },
    }).watch(localBackend(), () => assert.fail('there is no sample'));
    const started = [await backend.start({ command: [process.execPath, '-e', 'setInterval(() => undefined, 1000)'], cwd: '.', env: {}, onOutput: () => undefined })];
    await started[0]?.ended;
    assert.ok(usages.length > 0);
  });
});

describe('nvidia-smi', () => {
  it('is asked once where it is not', async () => {
    let asked = 0;
    const read = createGpuReader(() => {
      asked += 1;
      return Promise.reject(new Error('no such program'));
    });
    assert.deepEqual([await read(), await read()], [undefined, undefined]);
    assert.equal(asked, 2, 'both questions, the first time');
  });
});
