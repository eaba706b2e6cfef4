// A Chromium for the tests that need a browser: one that is there, else the system's package.
import { existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { ensureDebianPackages } from './debian.mjs';

const windows = process.platform === 'win32';
const namesOnPath = windows
  ? ['chrome.exe', 'chromium.exe', 'msedge.exe']
  : ['chromium', 'chromium-browser', 'google-chrome-stable', 'google-chrome', 'microsoft-edge-stable'];

const usualPlaces = () => {
  switch (process.platform) {
    case 'darwin':
      return ['Chromium', 'Google Chrome', 'Microsoft Edge'].map((name) => `/Applications/${name}.app/Contents/MacOS/${name}`);
    case 'win32':
      return [process.env.PROGRAMFILES, process.env['PROGRAMFILES(X86)'], process.env.LOCALAPPDATA]
        .filter((folder) => folder !== undefined)
        .flatMap((folder) => ['Google\\Chrome\\Application\\chrome.exe', 'Chromium\\Application\\chrome.exe', 'Microsoft\\Edge\\Application\\msedge.exe']
          .map((path) => join(folder, path)));
    default:
      return [];
  }
};

/** A Chromium, Chrome or Edge on this machine: CHROME_PATH, then PATH, then the usual places. */
export function findChromium() {
  const { CHROME_PATH, PATH = '' } = process.env;
  if (CHROME_PATH) return existsSync(CHROME_PATH) ? CHROME_PATH : undefined;
  const onPath = namesOnPath.flatMap((name) => PATH.split(delimiter).map((folder) => join(folder, name)));
  return [...onPath, ...usualPlaces()].find((path) => existsSync(path));
}

/**
 * Finds Chromium, or installs it from the system's packages.
 *
 * @returns {Promise<{ executable: string } | { problem: string }>}
 */
export async function ensureChromium() {
  const found = findChromium();
  if (found !== undefined) return { executable: found };
  if (process.env.CHROME_PATH) return { problem: `CHROME_PATH names ${process.env.CHROME_PATH}, which is not there` };
  const problem = await ensureDebianPackages(['chromium']);
  const installed = findChromium();
  if (installed !== undefined) return { executable: installed };
  return { problem: `Chromium, Chrome or Edge was not found (set CHROME_PATH to one), and could not be installed: ${problem ?? 'the package brought none'}` };
}
