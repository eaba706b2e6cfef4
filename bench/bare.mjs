// Starts the tasks of bare.json in their order, as many at once as there are slots, and does nothing else.
import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';

const { tasks, slots } = JSON.parse(readFileSync('bare.json', 'utf8'));
const done = new Set();
const waiting = [...tasks];
let running = 0;
const pump = () => {
  while (running < slots) {
    const at = waiting.findIndex((task) => task.needs.every((need) => done.has(need)));
    if (at < 0) return;
    const [task] = waiting.splice(at, 1);
    const [program, ...args] = task.command;
    running += 1;
    const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'pipe'], env: { ...process.env, ...task.env } });
    child.stdout.pipe(process.stdout);
    child.stderr.pipe(process.stderr);
    child.on('close', (code) => {
      if (code !== 0) process.exit(1);
      running -= 1;
      done.add(task.name);
      pump();
    });
  }
};
pump();
