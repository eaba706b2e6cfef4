// `npm run demo`: runs the example pipeline from nothing, makes a website of it, then says where they are and what to try.
import fs from 'node:fs';
import path from 'node:path';
import { continueOnPinnedNode, ensureNodePackages, root } from '../.ci/setup/node-packages.mjs';
import { run } from '../.ci/setup/process.mjs';
import { ensurePython } from '../.ci/setup/python.mjs';

await ensureNodePackages();
await continueOnPinnedNode(import.meta.url);
process.chdir(root);

const example = path.join('examples', 'digits');

const built = await run(process.execPath, ['esbuild.mjs']);
if (built.code !== 0) process.exit(built.code);

const environment = await ensurePython(path.join(root, example, 'requirements.txt'));
if ('problem' in environment) {
  console.error(`The example needs Python: ${environment.problem}.`);
  process.exit(1);
}

console.log(`Running ${path.join(example, 'runweave.yaml')} …\n`);
const { code } = await run(process.execPath, [path.join('dist', 'cli.cjs'), 'run', '--file', path.join(example, 'runweave.yaml')]);

const runs = path.join(example, '.runweave', 'runs');
// Run ids sort by time.
const latest = fs.existsSync(runs) ? fs.readdirSync(runs).filter((name) => name.endsWith('.otlp.jsonl')).sort().at(-1) : undefined;
if (latest === undefined) {
  console.error('\nThe run left no record.');
  process.exit(code || 1);
}
const website = path.join(example, 'build', 'site');
console.log('\nThe runs as a website …');
await run(process.execPath, [path.join('dist', 'cli.cjs'), 'site', website, '--file', path.join(example, 'runweave.yaml')]);
console.log(`
The record of this run, an OpenTelemetry file:
  ${path.join(root, runs, latest)}
The same to look at, in a browser:
  ${path.join(root, website, 'index.html')}

Next:
  cd ${example}
  npx runweave show latest          what ran, and why
  npx runweave run                  again: everything is up to date
  code .                            with the extension installed: switch watch on, change notebooks/train.py, save`);
process.exitCode = code;
