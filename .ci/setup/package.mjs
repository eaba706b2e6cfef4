// `npm run package`: the installable runweave-<version>.vsix, and a report of what takes the space in it.
import fs from 'node:fs';
import path from 'node:path';
import { continueOnPinnedNode, ensureNodePackages, root } from './node-packages.mjs';
import { run } from './process.mjs';

await ensureNodePackages();
await continueOnPinnedNode(import.meta.url);
process.chdir(root);

const limit = 5 * 1024 * 1024;

/** Name and sizes of every file in a zip archive, from its central directory (APPNOTE.TXT 4.3.12 and 4.3.16). */
function listZip(bytes) {
  const end = bytes.lastIndexOf(Buffer.from('PK\x05\x06', 'latin1'));
  const count = bytes.readUInt16LE(end + 10);
  const entries = [];
  for (let at = bytes.readUInt32LE(end + 16); entries.length < count; ) {
    const [nameLength, extraLength, commentLength] = [28, 30, 32].map((offset) => bytes.readUInt16LE(at + offset));
    entries.push({
      name: bytes.toString('utf8', at + 46, at + 46 + nameLength),
      compressed: bytes.readUInt32LE(at + 20),
      size: bytes.readUInt32LE(at + 24),
    });
    at += 46 + nameLength + extraLength + commentLength;
  }
  return entries;
}

const { version } = JSON.parse(fs.readFileSync('package.json', 'utf8'));
const vsix = `runweave-${version}.vsix`;
fs.rmSync(vsix, { force: true });
// vsce runs the script vscode:prepublish, which makes the production build.
const { code } = await run(process.execPath, ['node_modules/@vscode/vsce/vsce', 'package', '--no-dependencies', '--no-rewrite-relative-links', '--allow-missing-repository', '--out', vsix]);
if (code !== 0) process.exit(code);

const bytes = fs.readFileSync(vsix);
const kilobytes = (size) => `${(size / 1024).toFixed(1)} kB`.padStart(12);
console.log(`\n${'in the file'.padStart(12)}${'unpacked'.padStart(12)}`);
const entries = listZip(bytes);
for (const { name, compressed, size } of entries.sort((a, b) => b.compressed - a.compressed)) {
  console.log(`${kilobytes(compressed)}${kilobytes(size)}  ${name}`);
}
console.log(`${kilobytes(bytes.length)}${' '.repeat(12)}  ${path.join(root, vsix)}`);
if (bytes.length > limit) {
  console.error(`${vsix} is over ${limit / 1024 / 1024} MB.`);
  process.exit(1);
}
for (const needed of ['extension/LICENSE.txt', 'extension/dist/THIRD_PARTY_NOTICES.txt']) {
  if (entries.some(({ name }) => name === needed)) continue;
  console.error(`${vsix} is without ${needed}.`);
  process.exit(1);
}
