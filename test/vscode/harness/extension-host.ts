/**
 * Suites that run inside the extension host, with `vscode` imported: in the desktop editor where it can be downloaded and has a display,
 * else in the VS Code server. They use `describe` and `it` of runner.ts, and each of their tests becomes a subtest here.
 */
import assert from 'node:assert/strict';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { runTests } from '@vscode/test-electron';
import { build } from 'esbuild';
import { ensureDesktopVscode } from '../../../.ci/setup/vscode.mjs';
import type { TestResult } from './runner.ts';
import { settingsFor } from './settings.ts';
import { startVscode } from './vscode.ts';
import type { VscodeOptions } from './vscode.ts';

const patience = 360_000;

export interface SuiteOptions extends Omit<VscodeOptions, 'testsPath' | 'viewport'> {
  /** Modules that call `describe` and `it`; absolute. */
  readonly suites: readonly string[];
  readonly extensionPath: string;
  /** Milliseconds for all of it; default six minutes. */
  readonly timeout?: number;
}

interface HostRun {
  readonly results: readonly TestResult[];
  /** 0 if `run()` returned. */
  readonly exit: number;
  readonly log: string;
}

/** The extension host takes CommonJS and, on the desktop, no types: suites and runner become one file. */
async function bundle(suites: readonly string[], outfile: string): Promise<void> {
  const imports = suites.map((file) => `import ${JSON.stringify(file)};`).join('\n');
  const runner = JSON.stringify(join(import.meta.dirname, 'runner.ts'));
  await build({
    stdin: { contents: `${imports}\nexport { run } from ${runner};`, resolveDir: import.meta.dirname },
    outfile,
    bundle: true,
    platform: 'node',
    format: 'cjs',
    target: 'node20',
    sourcemap: 'inline',
    external: ['vscode'],
    logLevel: 'warning',
  });
}

/** Runs suites in an extension host; fails only if there is no editor to run them in. */
export async function runInExtensionHost(options: SuiteOptions): Promise<HostRun> {
  const temporary = await mkdtemp(join(tmpdir(), 'extension-host-'));
  try {
    const testsPath = join(temporary, 'suites.cjs');
    const resultsFile = join(temporary, 'results.jsonl');
    await bundle(options.suites, testsPath);
    const env = { ...options.env, RUNWEAVE_TEST_RESULTS: resultsFile };
    // A packed extension is installed into the server only, and runTests always switches workspace trust off.
    const serverOnly = options.vsix !== undefined || options.trusted === false;
    const desktop = serverOnly ? { problem: 'not wanted' } : await ensureDesktopVscode();
    const { exit, log } = 'executable' in desktop
      ? await runOnDesktop(desktop.executable, { ...options, testsPath, env }, join(temporary, 'user'))
      : await runInServer({ ...options, testsPath, env });
    const lines = await readFile(resultsFile, 'utf8').catch(() => '');
    return { results: lines.split('\n').filter((line) => line !== '').map((line) => JSON.parse(line) as TestResult), exit, log };
  } finally {
    await rm(temporary, { recursive: true, force: true, maxRetries: 5, retryDelay: 200 });
  }
}

type HostOptions = SuiteOptions & { readonly testsPath: string };

async function runInServer(options: HostOptions): Promise<Pick<HostRun, 'exit' | 'log'>> {
  const vscode = await startVscode(options);
  let timer: NodeJS.Timeout | undefined;
  try {
    const timeout = new Promise<number>((resolve) => {
      timer = setTimeout(() => resolve(124), options.timeout ?? patience);
    });
    const exit = await Promise.race([vscode.testsExit, timeout]);
    return { exit, log: `${vscode.console()}\n--- server ---\n${vscode.serverLog()}` };
  } finally {
    clearTimeout(timer);
    await vscode.close();
  }
}

async function runOnDesktop(executable: string, options: HostOptions, userData: string): Promise<Pick<HostRun, 'exit' | 'log'>> {
  const { theme = 'dark', trusted = true, userSettings = {} } = options;
  await mkdir(join(userData, 'User'), { recursive: true });
  await writeFile(join(userData, 'User', 'settings.json'), JSON.stringify(settingsFor({ theme, trusted, user: userSettings })));
  try {
    const exit = await runTests({
      vscodeExecutablePath: executable,
      extensionDevelopmentPath: options.extensionPath,
      extensionTestsPath: options.testsPath,
      extensionTestsEnv: { ...options.env, NODE_TEST_CONTEXT: undefined },
      launchArgs: [options.folder, `--user-data-dir=${userData}`, `--extensions-dir=${join(userData, 'extensions')}`, '--disable-telemetry'],
    });
    return { exit, log: '' };
  } catch (error) {
    return { exit: 1, log: String(error) };
  }
}

/** Declares a node:test test with a subtest for every test of the suites. */
export function testInExtensionHost(name: string, options: SuiteOptions): void {
  void test(name, { timeout: (options.timeout ?? patience) + 120_000 }, async (t) => {
    const { results, exit, log } = await runInExtensionHost(options);
    for (const result of results) {
      await t.test(result.name, () => {
        if (result.error !== undefined) throw new Error(result.error);
      });
    }
    const failed = results.some(({ error }) => error !== undefined);
    // A suite that crashed, hung or could not be loaded has no result that says so.
    assert.ok(failed || (exit === 0 && results.length > 0), `The extension host ended with ${exit.toString()} after ${results.length.toString()} tests:\n${log}`);
  });
}
