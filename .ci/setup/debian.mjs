// System packages, where the system is a Debian or a relative of it and we may install.
import { existsSync } from 'node:fs';
import { run, tail } from './process.mjs';

/** How apt-get can be called without asking anybody anything; undefined where it can't. */
async function aptGet() {
  if (!existsSync('/usr/bin/apt-get')) return undefined;
  if (process.getuid?.() === 0) return ['apt-get'];
  const sudo = await run('sudo', ['-n', 'true'], { quiet: true });
  return sudo.code === 0 ? ['sudo', '-n', 'DEBIAN_FRONTEND=noninteractive', 'apt-get'] : undefined;
}

/**
 * Installs those of the Debian packages that are missing.
 *
 * @param {readonly string[]} names
 * @returns {Promise<string | undefined>} why they could not be installed; undefined if all are there
 */
export async function ensureDebianPackages(names) {
  const missing = [];
  for (const name of names) {
    const { code, output } = await run('dpkg-query', ['-W', '-f=${Status}', name], { quiet: true });
    if (code !== 0 || !output.includes('install ok installed')) missing.push(name);
  }
  if (missing.length === 0) return undefined;
  const apt = await aptGet();
  if (apt === undefined) return `install it with: ${existsSync('/usr/bin/apt-get') ? `sudo apt-get install ${missing.join(' ')}` : `your system's packages (on Debian: ${missing.join(' ')})`}`;
  console.log(`Installing system packages: ${missing.join(', ')} …`);
  const [command, ...prefix] = apt;
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
  await run(command, [...prefix, 'update'], { env, quiet: true, timeout: 300_000 });
  const { code, output } = await run(command, [...prefix, 'install', '-y', '--no-install-recommends', ...missing], { env, quiet: true, timeout: 600_000 });
  return code === 0 ? undefined : `apt-get install ${missing.join(' ')} ended with ${code}:\n${tail(output)}`;
}
