// `npm test`: sets up all that the tests need, then runs every stage, also after one has failed.
// `npm test -- unit e2e` runs the named stages only. The last line is always `N passed, N failed`.
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { ensureChromium } from './chromium.mjs';
import { continueOnPinnedNode, ensureNodePackages, root } from './node-packages.mjs';
import { run } from './process.mjs';
import { ensurePython } from './python.mjs';
import { ensureCodeServer, ensureDesktopVscode } from './vscode.mjs';

await ensureNodePackages();
await continueOnPinnedNode(import.meta.url);
process.chdir(root);

const minutes = 60_000;

/** Far more than is needed, as the machine may be slow and have other things to do. */
const patience = { command: 30 * minutes, test: 20 * minutes, testRun: 90 * minutes };

/** What a stage came to; `notes` are whole sentences for the summary. */
const outcome = (passed, failed, ...notes) => ({ passed, failed, notes });

/** A stage that is one command of Node: either fine or one failure. */
async function node(...args) {
  const { code } = await run(process.execPath, args, { timeout: patience.command });
  return code === 0 ? outcome(0, 0) : outcome(0, 1, `${args.join(' ')} ended with ${code}.`);
}

/** Runs test files with node:test and counts; without counts if it ended before its summary. */
async function testRun(files, concurrency) {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'counts-'));
  const counts = path.join(folder, 'counts.json');
  try {
    const { code } = await run(process.execPath, [
      '--test',
      // One that hangs fails, and the others are run. (Not with --test-force-exit: results are lost with it, of Node 24.)
      `--test-timeout=${patience.test}`,
      ...(concurrency === undefined ? [] : [`--test-concurrency=${concurrency}`]),
      '--test-reporter=spec', '--test-reporter-destination=stdout',
      '--test-reporter=./.ci/setup/count-reporter.mjs', `--test-reporter-destination=${counts}`,
      ...files,
    ], { timeout: patience.testRun });
    const text = fs.existsSync(counts) ? fs.readFileSync(counts, 'utf8') : '';
    if (text === '') return { code };
    const { passed, failed, cancelled, skipped, todo, failures } = JSON.parse(text);
    // A runner that ends badly without a failed test has failed too.
    return { code, counts: { passed, failed: failed + cancelled === 0 && code !== 0 ? 1 : failed + cancelled, left: skipped + todo, failures } };
  } finally {
    fs.rmSync(folder, { recursive: true, force: true });
  }
}

/**
 * Runs test files with node:test; what is needed for them and could not be got is a failure too. With `twice`, for tests
 * that drive a browser, an editor or several processes on a machine that others may use as well, the files of failed
 * tests run once more, alone, and count as they end then; what passes only then is named in the summary, to be mended.
 */
async function nodeTest(patterns, { concurrency, needs = [], twice = false } = {}) {
  const files = fs.globSync(patterns).sort();
  if (files.length === 0) {
    console.log('No test files yet.');
    return outcome(0, 0);
  }
  const notGot = [];
  for (const need of needs) {
    const got = await need();
    if ('problem' in got) notGot.push(`Not got: ${got.problem}.`);
  }
  for (const line of notGot) console.log(line);
  const { code, counts } = await testRun(files, concurrency);
  if (counts === undefined) return outcome(0, 1, ...notGot, `The tests ended with ${code} and no summary.`);
  const notes = [...notGot, ...(counts.left > 0 ? [`${counts.left} skipped.`] : [])];
  let { passed, failed } = counts;
  // One that a harness has declared is told with the harness's file, in which there is nothing to run.
  const isOfTests = counts.failures.every(({ file }) => files.some((each) => path.resolve(each) === file));
  if (twice && notGot.length === 0 && counts.failures.length > 0 && isOfTests) {
    console.log('\nOnce more, the files in which tests failed:');
    const second = await testRun(counts.failures.map(({ file }) => file), 1);
    if (second.counts === undefined) notes.push(`The second time they ended with ${second.code} and no summary.`);
    else {
      passed += second.counts.passed - counts.failures.reduce((sum, file) => sum + file.passed, 0);
      failed = second.counts.failed;
      const still = new Map(second.counts.failures.map(({ file, names }) => [file, names]));
      for (const { file, names } of counts.failures) {
        for (const name of names) if (still.get(file)?.includes(name) !== true) notes.push(`Passed only the second time: “${name}” in ${path.relative(root, file)}.`);
      }
    }
  }
  // A stage whose needs were not met has failed too.
  return outcome(passed, failed === 0 && notGot.length > 0 ? 1 : failed, ...notes);
}

const examplePython = () => ensurePython(path.join(root, 'examples', 'digits', 'requirements.txt'));
const testPython = () => ensurePython(path.join(root, 'test', 'python', 'requirements-test.txt'), root);

const mlflow = ['2.x', '3.x', 'server'].map((generation) => () => ensurePython(path.join(root, 'test', 'fixtures', 'mlflow', generation, 'requirements.txt')));

async function pythonTests() {
  if (fs.globSync('test/python/test_*.py').length === 0) {
    console.log('No test files yet.');
    return outcome(0, 0);
  }
  const environment = await examplePython();
  if ('problem' in environment) return outcome(0, 1, `Not got: ${environment.problem}.`);
  const { code, output } = await run(environment.python, ['-m', 'unittest', 'discover', '-s', 'test/python'], { quiet: true, timeout: patience.command });
  console.log(output.trimEnd());
  const total = Number(/^Ran (\d+) tests?/m.exec(output)?.[1] ?? 0);
  const failures = [...(/^FAILED \((.*)\)/m.exec(output)?.[1] ?? '').matchAll(/(?:failures|errors|unexpected successes)=(\d+)/g)].reduce((sum, [, number]) => sum + Number(number), 0);
  if (code !== 0) return outcome(Math.max(0, total - failures), Math.max(1, failures), ...(failures === 0 ? [`unittest ended with ${code}.`] : []));
  return outcome(total, 0);
}

async function typecheck() {
  const sources = await node('node_modules/typescript/bin/tsc', '--noEmit');
  const webviews = await node('node_modules/typescript/bin/tsc', '--noEmit', '-p', 'webview');
  return outcome(0, sources.failed + webviews.failed, ...sources.notes, ...webviews.notes);
}

async function vscodeTests() {
  const desktop = await ensureDesktopVscode();
  if ('problem' in desktop) console.log(`Suites of the extension host run in the VS Code server, not in the desktop editor: ${desktop.problem}.`);
  // One at a time: each starts a server, an extension host and a browser.
  return nodeTest(['test/vscode/**/*.test.{mjs,ts}'], { concurrency: 1, needs: [ensureChromium, ensureCodeServer, examplePython], twice: true });
}

async function packaged() {
  const made = await node('.ci/setup/package.mjs');
  if (made.failed > 0) return made;
  return nodeTest(['test/vscode/smoke/packaged.ts'], { needs: [ensureChromium, ensureCodeServer], twice: true });
}

const stages = {
  build: () => node('esbuild.mjs'),
  typecheck,
  lint: () => node('node_modules/eslint/bin/eslint.js', '.'),
  unit: () => nodeTest(['test/unit/**/*.test.ts']),
  e2e: () => nodeTest(['test/e2e/**/*.test.ts'], { concurrency: 2, needs: [examplePython, testPython, ...mlflow], twice: true }),
  python: pythonTests,
  webview: () => nodeTest(['test/webview/**/*.test.ts'], { concurrency: 1, needs: [ensureChromium], twice: true }),
  vscode: vscodeTests,
  package: packaged,
};

const asked = process.argv.slice(2);
const unknown = asked.filter((name) => !Object.hasOwn(stages, name));
if (unknown.length > 0) {
  console.error(`There is no stage ${unknown.join(', ')}; the stages are ${Object.keys(stages).join(', ')}.`);
  process.exit(2);
}

const seconds = (start) => `${((performance.now() - start) / 1000).toFixed(1)} s`;
const summary = [];
let passed = 0;
let failed = 0;
for (const [name, stage] of Object.entries(stages)) {
  if (asked.length > 0 && !asked.includes(name)) continue;
  console.log(`\n━━ ${name} ${'━'.repeat(Math.max(0, 70 - name.length))}`);
  const start = performance.now();
  const result = await stage().catch((error) => outcome(0, 1, error.stack));
  const verdict = result.failed === 0 ? 'ok' : 'FAILED';
  const counted = result.passed + result.failed > 0 ? `${result.passed} passed, ${result.failed} failed` : '';
  const line = `${name.padEnd(10)} ${verdict.padEnd(7)} ${seconds(start).padStart(8)}  ${counted}`.trimEnd();
  console.log(`\n${line}`);
  summary.push(line, ...result.notes.map((note) => `    ${note}`));
  passed += result.passed;
  failed += result.failed;
}

console.log(`\n━━ summary ${'━'.repeat(63)}\n${summary.join('\n')}\n`);
console.log(`${passed} passed, ${failed} failed`);
process.exitCode = failed === 0 ? 0 : 1;
