/** What folders are called in lists. Knows nothing of `vscode`. */
import { basename, dirname, isAbsolute, join, relative, sep } from 'node:path';

export interface NamedFolder {
  readonly path: string;
  readonly name: string;
}

/**
 * The shortest names that tell `folders` apart: within a folder of the workspace from its name on, elsewhere the
 * folder's own name with as many of those above it as are needed.
 */
export function namesOf(folders: readonly string[], workspace: readonly NamedFolder[]): readonly string[] {
  const inside = folders.map((folder) => insideOf(folder, workspace));
  return folders.map((folder, at) => {
    const own = inside[at];
    if (own !== undefined) return own;
    let name = basename(folder);
    let above = dirname(folder);
    const isTaken = (): boolean => folders.some((other, index) => index !== at && (inside[index] ?? other.slice(-name.length)) === name);
    while (isTaken() && dirname(above) !== above) {
      name = join(basename(above), name);
      above = dirname(above);
    }
    return isTaken() ? folder : name;
  });
}

function insideOf(folder: string, workspace: readonly NamedFolder[]): string | undefined {
  for (const { path, name } of workspace) {
    const way = relative(path, folder);
    if (way === '') return name;
    if (way !== '..' && !way.startsWith(`..${sep}`) && !isAbsolute(way)) return join(name, way);
  }
  return undefined;
}
