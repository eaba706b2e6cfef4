/** Which files a watch is told of: those in the pipeline's folder, but not what belongs to tools. */
import path from 'node:path';

const ignoredFolders = new Set(['.git', '.runweave', '.hg', '.svn', 'node_modules', '__pycache__', '.venv', 'venv', '.ipynb_checkpoints', '.mypy_cache', '.pytest_cache', '.ruff_cache', '.tox', '.vscode-test', '.DS_Store']);

/** `relative` to the watched folder. */
export function isIgnored(relative: string): boolean {
  return !isOutside(relative) && relative.split(path.sep).some((part) => ignoredFolders.has(part));
}

/** On Windows the path to another drive is an absolute one. */
export function isOutside(relative: string): boolean {
  return relative.startsWith('..') || path.isAbsolute(relative);
}
