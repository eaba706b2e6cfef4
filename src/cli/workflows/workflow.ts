/** What a workflow of a continuous integration is written for. */
export interface WorkflowSubject {
  /** Of the pipeline. */
  readonly name: string;
  /** Its folder, relative to the repository with `/`; `.` for the repository itself. */
  readonly folder: string;
  /** The pipeline file's name, where it is not the one that is found without being named. */
  readonly file: string | undefined;
  /** Files with Python packages to install, in that folder; empty where there is none. */
  readonly requirements: readonly string[];
  /** The branch whose runs others are compared with. */
  readonly branch: string;
  /** This version of Runweave. */
  readonly version: string;
}

/** The environment that `runweave` finds by itself, on any image with Python. */
export function installPython(requirements: readonly string[]): readonly string[] {
  if (requirements.length === 0) return [];
  const from = requirements.map((file) => (file === 'pyproject.toml' ? '.' : `-r ${file}`)).join(' ');
  return ['python3 -m venv .venv', `.venv/bin/python -m pip install --quiet ${from}`];
}

/** Text as YAML takes it in one line. */
export function yamlText(text: string): string {
  return /^[\w./-]+$/.test(text) && !/^(true|false|null|yes|no|on|off|[\d.-]+)$/i.test(text) ? text : JSON.stringify(text);
}
