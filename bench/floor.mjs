// The floor: starts every task of the graph in order, as many at once as there are slots, and does nothing else.
import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';

const { tasks, slots } = JSON.parse(readFileSync('floor.json', 'utf8'));
const open = new Map(tasks.map((task) => [task.name, task.needs.length]));
const dependents = new Map(tasks.map((task) => [task.name, []]));
for (const task of tasks) for (const need of task.needs) dependents.get(need).push(task);
const ready = tasks.filter((task) => task.needs.length === 0);
let next = 0;
let running = 0;
const pump = () => {
  while (running < slots && next < ready.length) {
    const task = ready[next];
    next += 1;
    running += 1;
    spawn('/bin/sh', ['-e', '-c', task.command], { stdio: ['ignore', 'pipe', 'pipe'] }).on('close', (code) => {
      if (code !== 0) process.exit(1);
      running -= 1;
      for (const dependent of dependents.get(task.name)) {
        open.set(dependent.name, open.get(dependent.name) - 1);
        if (open.get(dependent.name) === 0) ready.push(dependent);
      }
      pump();
    });
  }
};
pump();
