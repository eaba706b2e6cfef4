/** A small process that starts others for a large executor; see `execution/backend/spawner.ts`. */
import { serveSpawner } from './execution/backend/spawner-process.ts';

// The executor says when this ends, by closing the pipe.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => undefined);
serveSpawner(process.stdin, process.stdout);
