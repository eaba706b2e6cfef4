/** What ships, installed as a user installs it. Run by the stage `package` of `npm test`, which has made the .vsix. */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after } from 'node:test';
import { testInExtensionHost } from '../harness/extension-host.ts';

const root = join(import.meta.dirname, '../../..');
const { version } = JSON.parse(await readFile(join(root, 'package.json'), 'utf8')) as { readonly version: string };
const folder = await mkdtemp(join(tmpdir(), 'packaged-'));
await writeFile(join(folder, 'runweave.yaml'), 'name: hello\ntasks:\n  greet: {shell: echo hello}\n');

after(() => rm(folder, { recursive: true, force: true, maxRetries: 10, retryDelay: 300 }));

testInExtensionHost('what ships', {
  folder,
  vsix: join(root, `runweave-${version}.vsix`),
  // The host wants an extension in development to run tests of; any will do.
  extensionPath: join(import.meta.dirname, 'extension'),
  suites: [join(import.meta.dirname, 'packaged.suite.ts')],
});
