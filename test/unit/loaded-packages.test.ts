/** What a command loads before it has read anything: each package is a part of the time that a run with nothing to do takes. */
import assert from 'node:assert/strict';
import path from 'node:path';
import { describe, it } from 'node:test';
import { build } from 'esbuild';

const root = path.resolve(import.meta.dirname, '../..');
/** What parses pipeline files, and what writes records. */
const late = /^(?:yaml|js-yaml|@opentelemetry\/.*)$/;

async function packagesOf(entry: string): Promise<readonly string[]> {
  const { metafile } = await build({ absWorkingDir: root, entryPoints: [entry], bundle: true, packages: 'external', platform: 'node', format: 'esm', write: false, metafile: true, logLevel: 'silent' });
  const packages = new Set<string>();
  const seen = new Set([entry]);
  for (const file of seen) {
    for (const { path: imported, kind, external } of metafile.inputs[file]?.imports ?? []) {
      if (kind === 'dynamic-import') continue;
      if (external === true) packages.add(imported);
      else seen.add(imported);
    }
  }
  return [...packages];
}

describe('what is loaded first', () => {
  for (const command of ['run', 'plan', 'watch', 'retry', 'runs', 'show', 'logs', 'compare', 'history', 'trace']) {
    it(`by ${command}`, async () => assert.deepEqual((await packagesOf(`src/cli/commands/${command}.ts`)).filter((name) => late.test(name)), []));
  }

  it('by a session', async () => {
    const packages = await packagesOf('src/app/session.ts');
    assert.ok(packages.includes('tinyglobby'), 'packages were found');
    assert.deepEqual(packages.filter((name) => late.test(name)), []);
  });
});
