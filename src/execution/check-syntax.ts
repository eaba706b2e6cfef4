/**
 * Asks an interpreter whether it compiles sources: a mistake in a function that is not used would keep its module from
 * being imported all the same. Asked only where the answer may save a task from running, once for each content.
 */
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import type { Digest } from '../model/fingerprint.ts';

const run = promisify(execFile);

/** Digest of each file's contents if they compile without a warning; `undefined` otherwise. */
export type CheckSyntax = (interpreter: string, files: readonly string[]) => Promise<readonly (Digest | undefined)[]>;

/** What a source is called shows in no message of ours. */
const script = `
import hashlib, sys
for file in sys.argv[1:]:
    try:
        with open(file, "rb") as stream:
            source = stream.read()
        compile(source, "source", "exec", dont_inherit=True)
        print(hashlib.sha256(source).hexdigest())
    except Exception:
        print("-")
`;

export const checkSyntax: CheckSyntax = async (interpreter, files) => {
  try {
    const { stdout } = await run(interpreter, ['-I', '-S', '-W', 'error', '-c', script, ...files], { timeout: 120_000, windowsHide: true });
    const lines = stdout.trim().split(/\r?\n/);
    return files.map((_, index) => (/^[0-9a-f]{64}$/.test(lines[index] ?? '') ? (`sha256:${lines[index] ?? ''}` as Digest) : undefined));
  } catch {
    // It does not start: then nothing is known, and the task says so itself.
    return files.map(() => undefined);
  }
};
