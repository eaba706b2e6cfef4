/**
 * A backend whose processes' output is masked before anybody sees it: a secret may be split between two writes, so this
 * has to know what came before. Each stream for itself.
 */
import type { MaskedStream, Masker } from '../model/masker.ts';
import type { Backend, RunningProcess } from '../execution/backend/backend.ts';

/** After so many milliseconds of silence an end that may be the beginning of a secret is handed on, if it is short. */
const silence = 100;

/** `masker` is asked when a process writes for the first time. */
export function maskedBackend(backend: Backend, masker: () => Masker | undefined): Backend {
  return {
    start: async (request) => {
      let streams: Readonly<Record<'stdout' | 'stderr', MaskedStream>> | undefined;
      let timer: NodeJS.Timeout | undefined;
      const handOn = (stream: 'stdout' | 'stderr', text: string): void => {
        if (text !== '') request.onOutput(stream, text);
      };
      const idle = (): void => {
        for (const stream of ['stdout', 'stderr'] as const) handOn(stream, streams?.[stream].idle() ?? '');
      };
      const process: RunningProcess = await backend.start({
        ...request,
        onOutput: (stream, text) => {
          if (streams === undefined) {
            const current = masker();
            if (current === undefined) {
              request.onOutput(stream, text);
              return;
            }
            streams = { stdout: current.stream(), stderr: current.stream() };
          }
          handOn(stream, streams[stream].push(text));
          timer = timer?.refresh() ?? setTimeout(idle, silence);
        },
      });
      const ended = process.ended.then((end) => {
        clearTimeout(timer);
        for (const stream of ['stdout', 'stderr'] as const) handOn(stream, streams?.[stream].end() ?? '');
        return end;
      });
      return { ...process, ended };
    },
  };
}
