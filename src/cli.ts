/** The command line's process: gives the commands the real terminal, clock and signals, and ends with their exit code. */
import type { Host, Output } from './cli/host.ts';
import { main } from './cli/main.ts';
import { createStyle, wantsColor } from './cli/text.ts';

const args = process.argv.slice(2);

function output(stream: NodeJS.WriteStream): Output {
  const color = wantsColor(process.env, stream.isTTY, args.includes('--no-color'));
  const continuousIntegration = !['', '0', 'false'].includes(process.env['CI'] ?? '');
  return {
    write: (text) => void stream.write(text),
    interactive: stream.isTTY && !continuousIntegration && process.env['TERM'] !== 'dumb',
    color,
    style: createStyle(color),
    columns: () => (stream.isTTY ? stream.columns || 80 : undefined),
    rows: () => stream.rows || 24,
  };
}

const host: Host = {
  cwd: process.cwd(),
  environment: process.env,
  stdout: output(process.stdout),
  stderr: output(process.stderr),
  now: Date.now,
  openSession: async (options, listener) => (await import('./app/session.ts')).openSession(options, listener),
  onInterrupt(listener) {
    const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;
    for (const signal of signals) process.on(signal, listener);
    return () => {
      for (const signal of signals) process.off(signal, listener);
    };
  },
  onTick(listener) {
    const timer = setInterval(listener, 100);
    return () => clearInterval(timer);
  },
};

// `runweave runs | head`: the reader has what it wanted.
for (const stream of [process.stdout, process.stderr]) {
  stream.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') throw error;
  });
}

void main(args, host).then((code) => {
  // What was written to a pipe is on its way still; `exit` would lose it.
  process.stdout.write('', () => process.stderr.write('', () => process.exit(code)));
});
