import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { fileName } from '../../exporters/artifact-name.ts';
import { runTree } from '../../exporters/run-tree.ts';
import { ExportError } from './export-error.ts';
import type { ExportContext, Exporter } from './exporter.ts';

/** A folder for each run, named by its id. */
export function dirExporter({ destination, note, signal }: ExportContext): Exporter {
  return {
    add: async ({ state, readArtifact }) => {
      const folder = await destination.folder(fileName(state.runId));
      for await (const { path: relative, content } of runTree(state, readArtifact, note)) {
        signal.throwIfAborted();
        const file = path.resolve(folder, relative);
        // Names were made safe where they were made; what still led out would be a mistake of ours, and is not written.
        if (!file.startsWith(folder + path.sep)) throw new ExportError(`${relative} leads out of the folder, and was not written`);
        await mkdir(path.dirname(file), { recursive: true });
        await writeFile(file, content);
      }
    },
  };
}
