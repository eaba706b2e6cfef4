/** What a workflow of a continuous integration is written for. */
export interface WorkflowSubject {
  /** Of the pipeline: any text of one line. */
  readonly name: string;
  /** Names the pipeline's jobs, artifacts and files within its repository, by its place: letters, digits, `_`, `.` and `-`; `pipeline` for the one at the top. */
  readonly key: string;
  /** Its folder, relative to the repository with `/`; `.` for the repository itself. */
  readonly folder: string;
  /** The pipeline file's name, where it is not the one that is found without being named. */
  readonly file: string | undefined;
  /** A file with Python packages to install, relative to that folder with `/`; undefined where there is none. */
  readonly requirements: string | undefined;
  /** The branch whose runs others are compared with. */
  readonly branch: string;
  /** This version of Runweave. */
  readonly version: string;
}

/** The environment that `runweave` finds by itself, on any image with Python. */
export function installPython(requirements: string | undefined): readonly string[] {
  if (requirements === undefined) return [];
  const from = requirements.endsWith('pyproject.toml') ? shellText(requirements.replace(/pyproject\.toml$/, '.')) : `-r ${shellText(requirements)}`;
  return ['python3 -m venv .venv', `.venv/bin/python -m pip install --quiet ${from}`];
}

/** Text as YAML takes it in one line. */
export function yamlText(text: string): string {
  return /^[\w./-]+$/.test(text) && !/^(true|false|null|yes|no|on|off|[\d.-]+)$/i.test(text) ? text : JSON.stringify(text);
}

/** Text as one word of a POSIX shell. */
export function shellText(text: string): string {
  return /^[\w./-]+$/.test(text) ? text : `'${text.replaceAll("'", String.raw`'\''`)}'`;
}
