import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** Who annotates: the name under which git would commit here; `undefined` without git or a name. */
export async function authorOf(folder: string): Promise<string | undefined> {
  try {
    const { stdout } = await run('git', ['config', '--get', 'user.name'], { cwd: folder, timeout: 3000, windowsHide: true });
    return stdout.trim() === '' ? undefined : stdout.trim();
  } catch {
    return undefined;
  }
}
