/** The recorded output that a file on disk belongs to: itself, a folder that it is in, or a pattern that finds it. */

/** `path` as records write paths: relative to the pipeline's folder, with `/`. `names` are names of outputs. */
export function outputOfFile(path: string, names: readonly string[]): string | undefined {
  const known = new Set(names);
  for (let candidate = path; ; candidate = candidate.slice(0, candidate.lastIndexOf('/'))) {
    if (known.has(candidate)) return candidate;
    if (known.has(`${candidate}/`)) return `${candidate}/`;
    if (!candidate.includes('/')) break;
  }
  return names.find((name) => /[*?]/.test(name) && patternOf(name).test(path));
}

/** `**` crosses folders, `*` and `?` do not. */
function patternOf(glob: string): RegExp {
  const source = glob.split(/(\*\*\/|\*\*|\*|\?)/).map((part) => ({ '**/': '(?:.*/)?', '**': '.*', '*': '[^/]*', '?': '[^/]' })[part] ?? part.replaceAll(/[\\^$.*+?()[\]{}|]/g, '\\$&'));
  return new RegExp(`^${source.join('')}$`);
}
