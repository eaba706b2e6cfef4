/**
 * The other end of `spawner.ts`: a process that does nothing but start others, exactly as `local.ts` does, because it
 * is small. When the pipe to the executor ends, so has the executor: then it ends what it started, and itself.
 */
import { createFrameReader, decodeRequest, encodeFrame, type Frame } from './frames.ts';
import type { ProcessRequest, RunningProcess } from './backend.ts';
import { localBackend } from './local.ts';

export function serveSpawner(input: NodeJS.ReadableStream, output: NodeJS.WritableStream): void {
  const backend = localBackend();
  const running = new Map<number, RunningProcess>();
  const stopped = new Set<number>();
  let isOver = false;
  const send = (type: Frame['type'], id: number, text?: string): void => {
    if (!isOver) output.write(encodeFrame(type, id, text));
  };
  const start = (id: number, request: Omit<ProcessRequest, 'onOutput'>): void => {
    const process = backend.start({ ...request, onOutput: (stream, text) => send(stream, id, text) });
    running.set(id, process);
    send('started', id, String(process.pid));
    void process.ended.then((end) => {
      running.delete(id);
      send('ended', id, JSON.stringify(end.type === 'start-failed' ? end : { ...end, stopped: stopped.delete(id) }));
    });
  };
  input.on(
    'data',
    createFrameReader(({ type, id, body }) => {
      if (type === 'start') start(id, decodeRequest(body));
      else if (type === 'stop' && running.get(id)?.stop() === true) stopped.add(id);
    }),
  );
  const endAll = (): void => {
    isOver = true;
    for (const process of running.values()) process.stop();
  };
  input.on('end', endAll);
  // Told by both where the executor was killed.
  output.on('error', endAll);
  send('ready', 0);
}
