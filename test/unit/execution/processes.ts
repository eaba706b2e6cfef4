/** What tests of real processes share: waiting for an end that only the system knows of. */
import { spawn, spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import type { TestContext } from 'node:test';

/** Whether a process is gone; one that has ended and waits for its parent to notice is. */
function isGone(pid: number): boolean {
  try {
    process.kill(pid, 0);
  } catch {
    return true;
  }
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    return stat.slice(stat.lastIndexOf(')') + 2).startsWith('Z');
  } catch {
    // No /proc, or gone between the two questions: the next round tells.
    return false;
  }
}

/** Resolves when it holds. By an interval: a test may steer the timeouts. */
function until(holds: () => boolean): Promise<void> {
  return new Promise((resolve) => {
    const look = (): void => {
      if (!holds()) return;
      clearInterval(timer);
      resolve();
    };
    const timer = setInterval(look, 5);
    look();
  });
}

/** Resolves when a process is gone; a test that waits for one that stays ends with its timeout. */
export function untilGone(pid: number): Promise<void> {
  return until(() => isGone(pid));
}

/** Resolves when a file is there. */
export function untilThere(file: string): Promise<void> {
  return until(() => existsSync(file));
}

/** Resolves when its parent knows that a process has ended. */
export function untilReaped(pid: number): Promise<void> {
  return until(() => {
    try {
      return !process.kill(pid, 0);
    } catch {
      return true;
    }
  });
}

/** The id of a process that has ended, and stays because its parent never asks how: `exec` made that another program. */
export async function zombie(t: TestContext): Promise<number> {
  const parent = spawn('sh', ['-c', 'true & echo $!; exec sleep 1000'], { stdio: ['ignore', 'pipe', 'ignore'] });
  t.after(() => parent.kill('SIGKILL'));
  const pid = await new Promise<number>((resolve) => parent.stdout.once('data', (text) => resolve(Number(text))));
  await untilGone(pid);
  return pid;
}

/** What a script prints in a process that can open no more files. `imports`: names by file of `src/`. */
export function withoutFiles(imports: Readonly<Record<string, string>>, script: string): string {
  const lines = Object.entries(imports).map(([file, names]) => `const { ${names} } = await import(${JSON.stringify(path.join(import.meta.dirname, '../../../src', file))});`);
  const open = "const { openSync } = await import('node:fs'); const held = []; try { for (;;) held.push(openSync('/dev/null')); } catch {}";
  const { stdout, stderr } = spawnSync('sh', ['-c', 'ulimit -n 60; exec "$0" --input-type=module -e "$1"', process.execPath, [...lines, open, script].join('\n')], { encoding: 'utf8' });
  return stdout + stderr;
}
