import type { ChildProcess } from 'node:child_process';

export function killTree(pid: number): void;
export function endWithUs<Child extends ChildProcess>(child: Child): Child;
export function run(
  command: string,
  args: readonly string[],
  options?: { cwd?: string; env?: Readonly<Record<string, string | undefined>>; quiet?: boolean; timeout?: number },
): Promise<{ code: number; output: string }>;
export function tail(output: string, lines?: number): string;
