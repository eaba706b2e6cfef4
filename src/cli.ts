/** The command line's process: gives the commands the real terminal, clock and signals, and ends with their exit code. */
import { fstatSync, writeFileSync } from 'node:fs';
import type { Host, Output } from './cli/host.ts';
import { main } from './cli/main.ts';
import { createStyle, wantsColor } from './cli/text.ts';

const args = process.argv.slice(2);

type StandardStream = typeof process.stdout | typeof process.stderr;

/** How long lines for a file or a pipe may wait for more: to write one takes longer than to make it. */
const writeInterval = 10;
/** Held back, in their order: both streams may go to one place. */
const unwritten: { readonly stream: StandardStream; text: string }[] = [];
function flush(): void {
  for (const { stream, text } of unwritten.splice(0)) {
    try {
      // Node's stream takes it for success when the disk has room for a part of it (write(2)).
      if (fstatSync(stream.fd).isFile()) writeFileSync(stream.fd, text);
      else stream.write(text);
    } catch (error) {
      stream.emit('error', error);
    }
  }
}
function write(stream: StandardStream, text: string): void {
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

function output(stream: StandardStream): Output {
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

// The terminal was closed, the disk of the log is full: what is under way is more than what is said about it, and is
// recorded.
process.stderr.on('error', () => undefined);
let lost: Error | undefined;
/** A reader that has what it wanted (`runweave runs | head`) loses nothing. */
function onOutputError(error: NodeJS.ErrnoException | null | undefined): void {
  if (error && error.code !== 'EPIPE' && error.code !== 'ERR_STREAM_DESTROYED') lost ??= error;
}
process.stdout.on('error', onOutputError);

void main(args, host).then((code) => {
  flush();
  const isWholeElsewhere = args[0] === 'run' || args[0] === 'watch';
  // What was written to a pipe is on its way still; `exit` would lose it. That it was refused is told here first, and
  // as an event afterwards.
  process.stdout.write('', (error) => {
    onOutputError(error);
    const message = lost === undefined ? '' : `${host.stderr.style('red', 'error:')} standard output could not be written: ${lost.message}\n`;
    process.stderr.write(message, () => process.exit(lost !== undefined && !isWholeElsewhere && code === 0 ? 1 : code));
  });
});
