// The floor of watching: builds all, then starts a task's command whenever chokidar, on the whole folder, tells of its
// source, and does nothing else.
import { spawn, spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { watch } from 'chokidar';

spawnSync(process.execPath, [path.join(import.meta.dirname, 'floor.mjs')], { stdio: 'ignore' });
const { tasks } = JSON.parse(readFileSync('floor.json', 'utf8'));
const commands = new Map(tasks.map((task) => [task.source, task.command]));
watch('.', { ignoreInitial: true, atomic: true }).on('change', (file) => {
  const command = commands.get(file);
  if (command !== undefined) spawn('/bin/sh', ['-e', '-c', command], { stdio: ['ignore', 'pipe', 'pipe'] });
});
