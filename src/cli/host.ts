/**
 * What a command may use of the world: the seam between the commands and the process that they run in. Tests give
 * their own; `cli.ts` gives the real one.
 */
import type { Session } from '../app/session.ts';
import type { OpenOptions, SessionMessage } from '../protocol/session.ts';
import type { Style } from './text.ts';

/** Stdout or stderr. */
export interface Output {
  readonly write: (text: string) => void;
  /** Whether escape sequences that move the cursor make sense: a terminal, and not a log of a continuous integration. */
  readonly interactive: boolean;
  readonly color: boolean;
  readonly style: Style;
  /** Asked for at every draw: a terminal can be resized. `undefined` when there is no terminal, so no width to keep to. */
  readonly columns: () => number | undefined;
  readonly rows: () => number;
}

export interface Host {
  readonly cwd: string;
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly stdout: Output;
  readonly stderr: Output;
  /** Unix milliseconds. */
  readonly now: () => number;
  readonly openSession: (options: OpenOptions, listener: (message: SessionMessage) => void) => Promise<Session>;
  /** Calls `listener` at every SIGINT and SIGTERM, which then no longer end the process, until the result is called. */
  readonly onInterrupt: (listener: () => void) => () => void;
  /** Calls `listener` about ten times a second until the result is called. */
  readonly onTick: (listener: () => void) => () => void;
}

/** DESIGN, section 5. */
export const exitCodes = { success: 0, taskFailed: 1, badUsage: 2, locked: 3, interrupted: 130 } as const;
export type ExitCode = (typeof exitCodes)[keyof typeof exitCodes];
