import { singleFile } from '../site/single-file.ts';
import type { ExportContext, Exporter } from './exporter.ts';
import { recordsFolder } from './records-folder.ts';

/** All runs in one page. */
export async function htmlExporter({ destination, title }: ExportContext): Promise<Exporter> {
  const file = await destination.file();
  const records: string[] = [];
  return {
    add: ({ record }) => {
      records.push(record);
      return Promise.resolve();
    },
    end: async () => {
      const [first = ''] = records;
      for (const part of await singleFile({ store: recordsFolder(first), records, title })) await file.write(part);
    },
  };
}
