/**
 * Looks at what running tasks use, all of them in one sweep. A task of less than 100 ms costs nothing; then sweeps
 * become rarer, up to one a second and, for a task that runs long, about 1000 for each tenfold of its time. Whatever a
 * sweep costs, at most one part in 200 of the time goes into it.
 */
import type { ResourceSample } from '../../model/run-event.ts';
import type { Backend, RunningProcess } from './backend.ts';
import { createGpuReader } from './gpu-usage.ts';
import { networkUsage, type NetworkUsage } from './network-usage.ts';
import { processUsage, type ProcessUsage } from './process-usage.ts';

export interface Sampler {
  /** The same backend; `onSample` hears of what is started with it, until it ends. */
  readonly watch: (backend: Backend, onSample: (sample: ResourceSample) => void) => Backend;
}

const first = 100;
const slowest = 1000;
/** nvidia-smi is a process of its own that runs for some 50 ms: not for a short task, and not often. */
const gpuAfter = 500;
const gpuInterval = 5000;
const share = 200;

interface Watched {
  readonly pid: number;
  readonly start: number;
  next: number;
  /** Of the machine when it started. */
  readonly network: NetworkUsage | undefined;
  readonly onSample: (sample: ResourceSample) => void;
}

export interface SamplerOptions {
  readonly usage?: (pid: number) => ProcessUsage | undefined;
  readonly gpu?: ReturnType<typeof createGpuReader>;
  readonly network?: () => NetworkUsage | undefined;
}

export function createSampler({ usage = processUsage, gpu = createGpuReader(), network = networkUsage }: SamplerOptions = {}): Sampler {
  const watched = new Set<Watched>();
  let timer: NodeJS.Timeout | undefined;
  let gpuAsked = -Infinity;
  let gpus: Awaited<ReturnType<typeof gpu>>;

  /** Tasks that start together share a look. */
  let looked: { readonly at: number; readonly network: NetworkUsage | undefined } | undefined;
  const networkAt = (now: number): NetworkUsage | undefined => {
    if (looked === undefined || now - looked.at > first / 2) looked = { at: now, network: network() };
    return looked.network;
  };

  const sweep = (): void => {
    timer = undefined;
    const began = performance.now();
    for (const each of watched) {
      // What is due soon is looked at now: one sweep for all.
      if (each.next > began + first / 2) continue;
      const found = usage(each.pid);
      if (found !== undefined) each.onSample({ ...sampleOf(found), ...difference(each.network, networkAt(began)) });
      each.next = began + Math.max(Math.min(slowest, (began - each.start) / 2), (began - each.start) / 1000, first);
    }
    askGpus(began);
    schedule((performance.now() - began) * share);
  };
  const askGpus = (now: number): void => {
    const isLong = Array.from(watched).some((each) => now - each.start > gpuAfter);
    if (!isLong || now - gpuAsked < gpuInterval) return;
    gpuAsked = now;
    void gpu().then((answer) => (gpus = answer));
  };
  const sampleOf = ({ pids, ...sample }: ProcessUsage): ResourceSample => {
    const using = gpus === undefined ? [] : pids.filter((pid) => gpus?.memory.has(pid));
    if (using.length === 0) return sample;
    return { ...sample, gpuMemory: sum(using.map((pid) => gpus?.memory.get(pid) ?? 0)), gpu: Math.max(...using.map((pid) => gpus?.utilization.get(pid) ?? 0)) };
  };
  const schedule = (pause = 0): void => {
    if (timer !== undefined || watched.size === 0) return;
    const next = Math.min(...Array.from(watched, (each) => each.next));
    timer = setTimeout(sweep, Math.max(next - performance.now(), pause)).unref();
  };

  return {
    watch: (backend, onSample) => ({
      start: async (request) => {
        const process: RunningProcess = await backend.start(request);
        if (process.pid === 0) return process;
        const start = performance.now();
        const each: Watched = { pid: process.pid, start, next: start + first, network: networkAt(start), onSample };
        watched.add(each);
        schedule();
        const ended = process.ended.then((end) => {
          watched.delete(each);
          if (watched.size === 0) {
            clearTimeout(timer);
            timer = undefined;
          }
          return end;
        });
        return { ...process, ended };
      },
    }),
  };
}

function difference(before: NetworkUsage | undefined, now: NetworkUsage | undefined): Partial<NetworkUsage> {
  // An interface that went takes its counters with it.
  return before === undefined || now === undefined ? {} : { received: Math.max(0, now.received - before.received), sent: Math.max(0, now.sent - before.sent) };
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}
