/**
 * Pipes for the output of processes that Node starts. Node gives them sockets, and these can't be opened by name:
 * `echo failed >/dev/stderr` of a shell task, `open('/dev/stdout', 'w')` and `tee /dev/stderr` end with "No such device
 * or address" (unix(7); on macOS they can). Node has no pipe(2), so these are fifos, whose names are gone before anybody
 * uses them. Made several at once, as `mkfifo` is a process of its own: 1 to 2 ms.
 */
import { spawnSync } from 'node:child_process';
import { closeSync, constants, mkdtempSync, openSync, rmSync, rmdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';

/** Descriptors, both closed by whoever takes the pipe. */
export interface OutputPipe {
  readonly reading: number;
  readonly writing: number;
}

export interface OutputPipes {
  readonly stdout: OutputPipe;
  readonly stderr: OutputPipe;
}

const atOnce = 8;
const made: OutputPipe[] = [];
let isImpossible = process.platform !== 'linux';

/** `undefined` where there are none: then it is Node's sockets. */
export function takeOutputPipes(): OutputPipes | undefined {
  if (made.length < 2 && !isImpossible) make();
  const [stdout, stderr] = made.splice(0, 2);
  return stdout === undefined || stderr === undefined ? undefined : { stdout, stderr };
}

function make(): void {
  let folder: string | undefined;
  let names: readonly string[] = [];
  try {
    // Only this user may enter it.
    folder = mkdtempSync(path.join(tmpdir(), `runweave-${process.pid}-`));
    names = Array.from({ length: atOnce }, (_, at) => path.join(folder ?? '', String(at)));
    const { status, error } = spawnSync('mkfifo', names, { stdio: 'ignore' });
    isImpossible = error === undefined ? status !== 0 : (error as NodeJS.ErrnoException).code === 'ENOENT';
    if (status !== 0) return;
    for (const name of names) {
      const reading = openSync(name, constants.O_RDONLY | constants.O_NONBLOCK);
      try {
        made.push({ reading, writing: openSync(name, constants.O_WRONLY) });
      } catch (error) {
        closeSync(reading);
        throw error;
      }
    }
  } catch {
    // A folder that can't be written, too many open files: what was made is used up. They are taken by twos.
    const single = made.length % 2 === 1 ? made.pop() : undefined;
    if (single !== undefined) for (const descriptor of [single.reading, single.writing]) closeSync(descriptor);
  } finally {
    // One by one, as a folder can't be listed where no more files can be opened.
    for (const name of names) rmSync(name, { force: true });
    if (folder !== undefined) rmdirSync(folder);
  }
}
