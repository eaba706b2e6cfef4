/** The command line's process: gives the commands the real terminal, clock and signals, and ends with their exit code. */
import type { Host, Output } from './cli/host.ts';
import { main } from './cli/main.ts';
import { createStyle, wantsColor } from './cli/text.ts';

const args = process.argv.slice(2);

/** How long lines for a file or a pipe may wait for more: to write one takes longer than to make it. */
const writeInterval = 10;
/** Held back, in their order: both streams may go to one place. */
const unwritten: { readonly stream: NodeJS.WriteStream; text: string }[] = [];
function flush(): void {
  for (const { stream, text } of unwritten.splice(0)) stream.write(text);
}
function write(stream: NodeJS.WriteStream, text: string): void {
  if (stream.isTTY) {
    flush();
    stream.write(text);
    return;
  }
  if (unwritten.length === 0) setTimeout(flush, writeInterval);
  const last = unwritten.at(-1);
  if (last?.stream === stream) last.text += text;
  else unwritten.push({ stream, text });
}

function output(stream: NodeJS.WriteStream): Output {
  const color = wantsColor(process.env, stream.isTTY, args.includes('--no-color'));
  const continuousIntegration = !['', '0', 'false'].includes(process.env['CI'] ?? '');
  return {
    write: (text) => write(stream, text),
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

process.on('exit', flush);

// The reader has what it wanted (`runweave runs | head`), the terminal was closed, the disk of the log is full: what is
// under way is more than what is said about it, and is recorded.
process.stderr.on('error', () => undefined);
let isOutputLost = false;
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  isOutputLost ||= error.code !== 'EPIPE' && args[0] !== 'run' && args[0] !== 'watch';
});

void main(args, host).then((code) => {
  flush();
  // What was written to a pipe is on its way still; `exit` would lose it.
  process.stdout.write('', () => process.stderr.write('', () => process.exit(isOutputLost && code === 0 ? 1 : code)));
});
