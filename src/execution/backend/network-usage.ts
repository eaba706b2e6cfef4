import { readFileSync } from 'node:fs';

export interface NetworkUsage {
  /** Bytes over all interfaces but the loopback, of the whole machine or container, since it started. */
  readonly received: number;
  readonly sent: number;
}

/** `undefined` where the system does not tell: elsewhere than on Linux. (proc_pid_net(5): eight columns received, then eight sent.) */
export function networkUsage(read: () => string = () => readFileSync('/proc/self/net/dev', 'utf8')): NetworkUsage | undefined {
  let text: string;
  try {
    text = read();
  } catch {
    return undefined;
  }
  let [received, sent] = [0, 0];
  for (const line of text.split('\n')) {
    const [name = '', counters] = line.split(':');
    if (counters === undefined || name.trim() === 'lo') continue;
    const columns = counters.trim().split(/\s+/).map(Number);
    received += columns[0] ?? 0;
    sent += columns[8] ?? 0;
  }
  return { received, sent };
}
