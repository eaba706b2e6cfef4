/** The tools that are compared: how each is told the same graph, and how it is started. */
import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import path from 'node:path';
import type { Node } from './dag.ts';

export interface Tool {
  readonly name: string;
  /** Its version; throws where the tool can't be had. */
  readonly version: () => string;
  /** Writes the tool's own files for the graph. */
  readonly prepare: (folder: string, dag: readonly Node[]) => void;
  /** The shell command that builds all. */
  readonly command: string;
  /** The shell command that builds all, and again after changes. */
  readonly watch?: string;
  /** Beyond this a full build takes minutes. */
  readonly largest?: number;
  /** A tool that keeps no state has no no-op. */
  readonly fullOnly?: true;
}

const root = path.resolve(import.meta.dirname, '..');
const node = process.execPath;
const text = (folder: string, file: string, lines: readonly string[]): void => writeFileSync(path.join(folder, file), `${lines.join('\n')}\n`);
const json = (folder: string, file: string, value: unknown): void => writeFileSync(path.join(folder, file), JSON.stringify(value));
const firstLine = (program: string, ...args: readonly string[]): string => {
  const [line = ''] = execFileSync(program, args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }).split('\n');
  return /\d+(\.\d+)+\S*/.exec(line)?.[0] ?? line;
};

/** Packages of npm, installed on demand to a folder that later runs find again. */
const packages = path.join(tmpdir(), 'runweave-bench-packages');
function npmPackage(name: string): string {
  const manifest = path.join(packages, 'node_modules', name, 'package.json');
  if (!existsSync(manifest)) {
    mkdirSync(packages, { recursive: true });
    const { status, stderr } = spawnSync('npm', ['install', '--no-audit', '--no-fund', '--prefix', packages, name], { encoding: 'utf8', timeout: 120_000 });
    if (status !== 0) throw new Error(stderr.split('\n')[0] ?? 'npm failed');
  }
  return (JSON.parse(readFileSync(manifest, 'utf8')) as { readonly version: string }).version;
}

export function tools(slots: number): readonly Tool[] {
  const bin = path.join(packages, 'node_modules', '.bin');
  return [
    {
      name: 'Runweave',
      version: () => firstLine(node, path.join(root, 'dist', 'cli.cjs'), '--version'),
      prepare: (folder, dag) =>
        text(folder, 'runweave.yaml', ['tasks:', ...dag.map((task) => `  ${task.name}: {shell: ${task.command}, inputs: [${task.inputs.join(', ')}], outputs: [${task.output}]}`)]),
      command: `${node} ${path.join(root, 'dist', 'cli.cjs')} run --jobs ${slots}`,
      watch: `${node} ${path.join(root, 'dist', 'cli.cjs')} watch`,
    },
    {
      name: 'spawn loop',
      version: () => `Node ${process.versions.node}`,
      prepare: (folder, dag) => json(folder, 'floor.json', { slots, tasks: dag }),
      command: `${node} ${path.join(root, 'bench', 'floor.mjs')}`,
      fullOnly: true,
      watch: `${node} ${path.join(root, 'bench', 'watch-floor.mjs')}`,
    },
    {
      name: 'GNU make',
      version: () => firstLine('make', '--version'),
      prepare: (folder, dag) => text(folder, 'Makefile', [`all: ${dag.map((task) => task.output).join(' ')}`, ...dag.flatMap((task) => [`${task.output}: ${task.inputs.join(' ')}`, `\t@${task.command}`])]),
      command: `make -j${slots} all`,
    },
    {
      name: 'ninja',
      version: () => firstLine('ninja', '--version'),
      prepare: (folder, dag) => text(folder, 'build.ninja', ['rule cksum', '  command = cksum $in > $out', ...dag.map((task) => `build ${task.output}: cksum ${task.inputs.join(' ')}`)]),
      command: `ninja -j${slots}`,
    },
    {
      name: 'doit',
      version: () => firstLine('doit', '--version'),
      prepare: (folder, dag) => {
        json(folder, 'dag.json', dag);
        text(folder, 'dodo.py', [
          'import json',
          'def task_build():',
          '    for t in json.load(open("dag.json")):',
          '        yield {"name": t["name"], "actions": [t["command"]], "file_dep": t["inputs"], "targets": [t["output"]]}',
        ]);
      },
      command: `doit -n ${slots} -P thread`,
    },
    {
      name: 'snakemake',
      version: () => firstLine('snakemake', '--version'),
      prepare: (folder, dag) =>
        text(folder, 'Snakefile', [
          `rule all:\n    input: ${JSON.stringify(dag.map((task) => task.output))}`,
          ...dag.map((task) => `rule ${task.name}:\n    input: ${JSON.stringify(task.inputs)}\n    output: ${JSON.stringify(task.output)}\n    shell: "cksum {input} > {output}"`),
        ]),
      command: `snakemake --cores ${slots} --quiet all --scheduler greedy`,
      largest: 1000,
    },
    {
      name: 'wireit',
      version: () => npmPackage('wireit'),
      prepare: (folder, dag) =>
        json(folder, 'package.json', {
          name: 'bench',
          scripts: Object.fromEntries(['all', ...dag.map((task) => task.name)].map((name) => [name, 'wireit'])),
          wireit: {
            all: { dependencies: dag.map((task) => task.name) },
            ...Object.fromEntries(dag.map((task) => [task.name, { command: task.command, dependencies: task.needs, files: [task.source], output: [task.output] }])),
          },
        }),
      command: `PATH=${bin}:$PATH WIREIT_PARALLEL=${slots} WIREIT_LOGGER=quiet npm run --silent all`,
      watch: `env PATH=${bin}:$PATH WIREIT_PARALLEL=${slots} WIREIT_LOGGER=quiet npm run --silent all --watch`,
      largest: 1000,
    },
    {
      name: 'turbo',
      version: () => npmPackage('turbo'),
      prepare: (folder, dag) => {
        json(folder, 'package.json', { name: 'bench', packageManager: 'npm@10.0.0', scripts: Object.fromEntries(dag.map((task) => [task.name, task.command])) });
        json(folder, 'package-lock.json', { name: 'bench', lockfileVersion: 3, requires: true, packages: { '': { name: 'bench' } } });
        json(folder, 'turbo.json', {
          tasks: Object.fromEntries(dag.map((task) => [task.name, { dependsOn: task.needs, inputs: [task.source], outputs: [task.output] }])),
        });
        text(folder, 'run.sh', [`exec turbo run ${dag.map((task) => task.name).join(' ')} --concurrency ${slots} --output-logs none --no-update-notifier`]);
      },
      command: `PATH=${bin}:$PATH TURBO_TELEMETRY_DISABLED=1 HOME=${homedir()} sh run.sh`,
      largest: 100,
    },
  ];
}
