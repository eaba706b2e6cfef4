import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { NotYaml } from '../../importers/dvc.ts';
import { pipelineOfDvc } from '../../importers/dvc-pipeline.ts';
import { readSource } from './read-source.ts';

export type ConvertedDvc = { readonly ok: true; /** Absolute path of the pipeline file that was written. */ readonly file: string; readonly notes: readonly string[] } | { readonly ok: false; readonly message: string };

/** Writes a pipeline file beside a `dvc.yaml`; `name` is that file or its folder, relative to `cwd`. Never overwrites one. */
export async function convertDvc(cwd: string, name: string): Promise<ConvertedDvc> {
  const given = path.resolve(cwd, name);
  const folder = path.basename(given) === 'dvc.yaml' ? path.dirname(given) : given;
  const base = path.basename(folder);
  try {
    const { files } = await readSource(folder, name);
    const fileAt = (inside: string): (typeof files)[number] | undefined => files.find((file) => file.path === `${base}/${inside}`);
    const file = fileAt('dvc.yaml');
    if (file === undefined) return { ok: false, message: 'there is no dvc.yaml' };
    const { text, notes } = await pipelineOfDvc(base, file, fileAt);
    const target = path.join(folder, 'runweave.yaml');
    await writeFile(target, text, { flag: 'wx' });
    return { ok: true, file: target, notes };
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (error instanceof NotYaml) return { ok: false, message: error.file === `${base}/dvc.yaml` ? message : `${error.file.slice(base.length + 1)}: ${message}` };
    return { ok: false, message: code === 'EEXIST' ? 'there is a runweave.yaml beside it already, which was left as it is' : (message.split('\n')[0] ?? '') };
  }
}
