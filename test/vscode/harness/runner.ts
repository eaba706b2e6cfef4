/**
 * Runs suites inside the extension host. node:test is not made for a host process that it does not own: it reports when the process
 * ends, and its `run()` starts processes. So: describe and it, one after the other, each result one line of a JSON Lines file, written
 * as soon as it is known, so that a hang or a crash loses nothing.
 */
import { appendFileSync } from 'node:fs';

export interface TestResult {
  readonly name: string;
  readonly milliseconds: number;
  /** Stack of what was thrown; absent if it passed. */
  readonly error?: string;
}

type Body = () => void | Promise<void>;

const tests: { readonly name: string; readonly body: Body; readonly timeout: number }[] = [];
const cleanups: Body[] = [];
const path: string[] = [];

export function describe(name: string, body: () => void): void {
  path.push(name);
  body();
  path.pop();
}

export function it(name: string, body: Body, { timeout = 120_000 }: { readonly timeout?: number } = {}): void {
  tests.push({ name: [...path, name].join(' › '), body, timeout });
}

/** Has `body` called once the current test has ended, last registered first. */
export function cleanup(body: Body): void {
  cleanups.unshift(body);
}

/** Waits until `look` returns something other than undefined or false. */
export async function eventually<T>(look: () => T | undefined | false | Promise<T | undefined | false>, what: string, timeout = 90_000): Promise<T> {
  const end = Date.now() + timeout;
  for (;;) {
    const found = await look();
    if (found !== undefined && found !== false) return found;
    if (Date.now() > end) throw new Error(`Not within ${timeout / 1000} s: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 25));
  }
}

async function within(body: Body, timeout: number): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`Did not end within ${timeout / 1000} s`)), timeout);
  });
  try {
    await Promise.race([body(), late]);
  } finally {
    clearTimeout(timer);
  }
}

/** What VS Code calls: all tests; throws if one failed. */
export async function run(): Promise<void> {
  const file = process.env['RUNWEAVE_TEST_RESULTS'];
  let failed = 0;
  for (const { name, body, timeout } of tests) {
    const start = performance.now();
    const errors: unknown[] = [];
    for (const each of [body, () => runCleanups()]) await within(async () => each(), timeout).catch((error: unknown) => void errors.push(error));
    const result: TestResult = {
      name,
      milliseconds: performance.now() - start,
      ...(errors.length > 0 && { error: errors.map((error) => (error instanceof Error ? (error.stack ?? error.message) : String(error))).join('\n') }),
    };
    if (file !== undefined) appendFileSync(file, `${JSON.stringify(result)}\n`);
    console.log(`${result.error === undefined ? 'ok' : 'not ok'} - ${name}${result.error === undefined ? '' : `\n${result.error}`}`);
    if (result.error !== undefined) failed += 1;
  }
  if (failed > 0) throw new Error(`${failed.toString()} of ${tests.length.toString()} failed`);
}

async function runCleanups(): Promise<void> {
  for (const each of cleanups.splice(0)) await each();
}
