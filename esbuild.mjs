// Builds everything that ships into dist/: extension, executor, its spawner, imports and exports, command line, webviews and the Python helper.
// `--production` minifies and leaves source maps out; `--watch` rebuilds on change.
import { chmod, cp, mkdir, readdir, rm } from 'node:fs/promises';
import { readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { spawnSync } from 'node:child_process';
import { build, context } from 'esbuild';
import { thirdPartyNotices } from './.ci/setup/third-party.mjs';
import { webviewOptions } from './webview/bundle.mjs';

const production = process.argv.includes('--production');
const watch = process.argv.includes('--watch');

const common = {
  bundle: true,
  minify: production,
  sourcemap: production ? false : 'linked',
  legalComments: 'none',
  logLevel: 'warning',
  define: { 'process.env.NODE_ENV': production ? '"production"' : '"development"' },
};

/** One CommonJS file an entry: what loads fastest. The editor's Node is 22 from 1.101 on, and 20 in 1.100. */
const node = {
  ...common,
  platform: 'node',
  format: 'cjs',
  target: 'node20',
  // ES modules where a package has both: of those only what is used is taken.
  mainFields: ['module', 'main'],
  // Its ES module loads picomatch from the disk, if there is any, instead of the one that is in the bundle.
  alias: { fdir: createRequire(createRequire(import.meta.url).resolve('tinyglobby')).resolve('fdir') },
  logOverride: { 'require-resolve-not-external': 'silent' },
  outdir: 'dist',
  outExtension: { '.js': '.cjs' },
  define: {
    ...common.define,
    // What CommonJS calls these; a library that makes a `require` from its URL takes a path as well.
    'import.meta.dirname': '__dirname',
    'import.meta.url': '__filename',
    'process.env.RUNWEAVE_VERSION': JSON.stringify(JSON.parse(readFileSync('package.json', 'utf8')).version),
  },
};

const bundles = [
  { ...node, entryPoints: { extension: 'src/extension.ts' }, external: ['vscode'] },
  { ...node, entryPoints: { executor: 'src/executor.ts', 'command-line': 'src/cli.ts', spawner: 'src/spawner.ts', transfer: 'src/transfer.ts' } },
  { ...common, ...webviewOptions },
];

async function copyFiles() {
  await mkdir('dist/python', { recursive: true });
  await cp('src/cli-start.cjs', 'dist/cli.cjs');
  await chmod('dist/cli.cjs', 0o755);
  for (const entry of await readdir('src/python')) {
    if (entry === '__pycache__') continue;
    await cp(`src/python/${entry}`, `dist/python/${entry}`, { recursive: true, filter: (path) => !path.includes('__pycache__') });
  }
}

function writeSchema() {
  const result = spawnSync(process.execPath, ['src/definition/write-schema.ts'], { stdio: 'inherit' });
  if (result.status !== 0) throw new Error('media/pipeline.schema.json could not be written');
}

if (!watch) await rm('dist', { recursive: true, force: true });
await copyFiles();
writeSchema();
if (watch) {
  const contexts = await Promise.all(bundles.map((options) => context({ ...options, logLevel: 'info' })));
  await Promise.all(contexts.map((each) => each.watch()));
} else {
  const results = await Promise.all(bundles.map((options) => build({ ...options, metafile: true })));
  writeFileSync('dist/THIRD_PARTY_NOTICES.txt', thirdPartyNotices(results.map(({ metafile }) => metafile)));
  if (process.argv.includes('--analyze')) {
    const { analyzeMetafile } = await import('esbuild');
    for (const { metafile } of results) process.stdout.write(await analyzeMetafile(metafile));
  }
}
