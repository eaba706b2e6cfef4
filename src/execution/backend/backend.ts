/** Where attempts run. The scheduler knows only this. */
export interface ProcessRequest {
  /** Program and arguments. */
  readonly command: readonly string[];
  /** Absolute. */
  readonly cwd: string;
  readonly env: Readonly<Record<string, string>>;
  readonly onOutput: (stream: 'stdout' | 'stderr', text: string) => void;
}

export type ProcessEnd =
  | ((
      | { readonly type: 'exit'; readonly code: number }
      | { readonly type: 'signal'; readonly signal: string }
    ) & {
      /** Whoever stopped it came too late, which was not known yet. */
      readonly byItself?: true;
    })
  | { readonly type: 'start-failed'; readonly message: string };

export interface RunningProcess {
  /** 0 when it could not be started. */
  readonly pid: number;
  /** Resolves once the process has ended and all of its output was handed on. Never rejects. */
  readonly ended: Promise<ProcessEnd>;
  /** Ends the whole process tree: asks first, then makes it. `false` if the process is known to have ended by itself already. */
  readonly stop: () => boolean;
  /** How it was started, where that is not as one would expect; for people. */
  readonly note?: string;
}

export interface Backend {
  /** Never throws or rejects: what could not be started has ended. */
  readonly start: (request: ProcessRequest) => RunningProcess | Promise<RunningProcess>;
}
