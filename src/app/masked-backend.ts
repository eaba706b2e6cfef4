/**
 * A backend whose processes' output is masked before anybody sees it: a secret may be split between two writes, so this
 * has to know what came before. Each stream for itself.
 */
import type { Masker } from '../model/masker.ts';
import type { Backend, RunningProcess } from '../execution/backend/backend.ts';

/** After so many milliseconds of silence an end that may be the beginning of a secret is handed on, if it is short. */
const silence = 100;

export function maskedBackend(backend: Backend, masker: () => Masker | undefined): Backend {
  return {
    start: async (request) => {
      const current = masker();
      if (current === undefined) return backend.start(request);
      const streams = { stdout: current.stream(), stderr: current.stream() };
      let timer: NodeJS.Timeout | undefined;
      const handOn = (stream: 'stdout' | 'stderr', text: string): void => {
        if (text !== '') request.onOutput(stream, text);
      };
      const idle = (): void => {
        for (const stream of ['stdout', 'stderr'] as const) handOn(stream, streams[stream].idle());
      };
      const process: RunningProcess = await backend.start({
        ...request,
        onOutput: (stream, text) => {
          handOn(stream, streams[stream].push(text));
          timer = timer?.refresh() ?? setTimeout(idle, silence);
        },
      });
      const ended = process.ended.then((end) => {
        clearTimeout(timer);
        for (const stream of ['stdout', 'stderr'] as const) handOn(stream, streams[stream].end());
        return end;
      });
      return { ...process, ended };
    },
  };
}
