/** Which processes use which GPU, as `nvidia-smi` tells; where it is not installed, nothing is asked a second time. */
import { execFile } from 'node:child_process';

export interface GpuUsage {
  /** Bytes of GPU memory by process. */
  readonly memory: ReadonlyMap<number, number>;
  /** By process: how busy its GPUs are with anybody's work, 0 to 1. */
  readonly utilization: ReadonlyMap<number, number>;
}

/** `undefined` where there is none. `run` gives what nvidia-smi prints, and rejects when there is no such program. */
export function createGpuReader(run: (args: readonly string[]) => Promise<string> = nvidiaSmi): () => Promise<GpuUsage | undefined> {
  let missing = false;
  return async () => {
    if (missing) return undefined;
    try {
      const [processes, gpus] = await Promise.all([query(run, '--query-compute-apps=gpu_uuid,pid,used_memory'), query(run, '--query-gpu=uuid,utilization.gpu')]);
      const busy = new Map(gpus.map(([uuid = '', percent]) => [uuid, Number(percent) / 100]));
      const memory = new Map<number, number>();
      const utilization = new Map<number, number>();
      for (const [uuid = '', pid, mebibytes] of processes) {
        const id = Number(pid);
        memory.set(id, (memory.get(id) ?? 0) + (Number(mebibytes) || 0) * 1024 * 1024);
        utilization.set(id, Math.max(utilization.get(id) ?? 0, busy.get(uuid) ?? 0));
      }
      return { memory, utilization };
    } catch {
      missing = true;
      return undefined;
    }
  };
}

async function query(run: (args: readonly string[]) => Promise<string>, what: string): Promise<readonly (readonly string[])[]> {
  const text = await run([what, '--format=csv,noheader,nounits']);
  return text.split('\n').filter((line) => line.trim() !== '').map((line) => line.split(',').map((cell) => cell.trim()));
}

function nvidiaSmi(args: readonly string[]): Promise<string> {
  return new Promise((resolve, reject) => {
    execFile('nvidia-smi', [...args], { timeout: 5000, windowsHide: true }, (error, stdout) => {
      if (error === null) resolve(stdout);
      else reject(error instanceof Error ? error : new Error('nvidia-smi failed'));
    });
  });
}
