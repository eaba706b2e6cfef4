/** The VS Code server, on a free port, with data folders of its own. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, realpath, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { endWithUs, killTree, run } from '../../../.ci/setup/process.mjs';
import { ensureCodeServer } from '../../../.ci/setup/vscode.mjs';
import type { Settings } from './settings.ts';

const startTimeout = 180_000;

export interface VscodeServer {
  readonly port: number;
  /** Settings over the user's. The editor follows changes of this file, which it does not for the user's own. */
  readonly machineSettings: string;
  /** Where `.vsix` files are installed to. */
  readonly extensionsFolder: string;
  /** All that server and extension hosts have printed so far. */
  log(): string;
  /** What they write down about themselves, each extension host in a folder of its own. */
  readonly logsFolder: string;
  /** Ends the whole process tree and removes the data. */
  close(): Promise<void>;
}

export interface ServerOptions {
  readonly settings: Settings;
  /** Installed before the start, by the server's own command line. */
  readonly vsix?: string | undefined;
  /** Added to the environment of server and extension host. */
  readonly env?: Readonly<Record<string, string>> | undefined;
}

/** A clean environment: what the test runner or an editor around us has set would change how programs inside behave. */
function environment(extra: Readonly<Record<string, string>> = {}): Record<string, string | undefined> {
  const inherited = Object.entries(process.env).filter(([name]) => !/^(NODE_TEST_CONTEXT|NODE_OPTIONS|NODE_V8_COVERAGE|VSCODE_.*|ELECTRON_.*|RUNWEAVE_.*)$/.test(name));
  return { ...Object.fromEntries(inherited), ...extra };
}

export async function startServer(options: ServerOptions): Promise<VscodeServer> {
  const installed = await ensureCodeServer();
  if ('problem' in installed) throw new Error(installed.problem);
  const data = await realpath(await mkdtemp(join(tmpdir(), 'vscode-server-')));
  const removeData = () => rm(data, { recursive: true, force: true, maxRetries: 5, retryDelay: 200 });
  const userSettings = join(data, 'data', 'User', 'settings.json');
  const machineSettings = join(data, 'data', 'Machine', 'settings.json');
  const extensionsFolder = join(data, 'extensions');
  const env = environment(options.env);
  const always = [installed.serverMain, '--accept-server-license-terms', '--server-data-dir', data, '--telemetry-level', 'off'];
  try {
    for (const [file, settings] of [[userSettings, options.settings], [machineSettings, {}]] as const) {
      await mkdir(dirname(file), { recursive: true });
      await writeFile(file, JSON.stringify(settings));
    }
    if (options.vsix !== undefined) {
      const { code, output } = await run(process.execPath, [...always, '--install-extension', options.vsix, '--force'], { env, quiet: true, timeout: 300_000 });
      if (code !== 0 || !output.includes('successfully installed')) throw new Error(`${options.vsix} could not be installed (${code.toString()}):\n${output}`);
    }
  } catch (error) {
    await removeData();
    throw error;
  }

  let log = '';
  const server = endWithUs(
    spawn(process.execPath, [...always, '--host', '127.0.0.1', '--port', '0', '--without-connection-token', '--enable-smoke-test-driver'], { env, stdio: ['ignore', 'pipe', 'pipe'] }),
  );
  const exited = once(server, 'exit');
  const close = async () => {
    if (server.pid !== undefined && server.exitCode === null && server.signalCode === null) killTree(server.pid);
    await exited;
    await removeData();
  };
  const listening = new Promise<number>((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error(`The VS Code server did not start within ${startTimeout / 1000} s:\n${log}`)), startTimeout);
    const read = (chunk: Buffer) => {
      log += chunk.toString();
      const port = /Extension host agent listening on (\d+)/.exec(log)?.[1];
      if (port === undefined) return;
      clearTimeout(timer);
      resolve(Number(port));
    };
    server.stdout.on('data', read);
    server.stderr.on('data', read);
    server.once('exit', (code) => {
      clearTimeout(timer);
      reject(new Error(`The VS Code server ended with ${String(code)}:\n${log}`));
    });
  });
  try {
    return { port: await listening, machineSettings, extensionsFolder, log: () => log, logsFolder: join(data, 'data', 'logs'), close };
  } catch (error) {
    await close();
    throw error;
  }
}
