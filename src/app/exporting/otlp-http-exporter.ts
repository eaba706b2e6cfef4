import { otlpSettings } from '../../exporters/otlp-settings.ts';
import { ExportError } from './export-error.ts';
import type { ExportContext, Exporter } from './exporter.ts';
import { recordLines } from './file-exporters.ts';
import { pushLines } from './push-record.ts';

/** `endpoint`: as `OTEL_EXPORTER_OTLP_ENDPOINT` has it, which is taken where none is given. */
export function otlpHttpExporter({ selfContained, signal, note, written }: ExportContext, endpoint: string | undefined, environment: Readonly<Record<string, string | undefined>>): Exporter {
  const read = otlpSettings(environment, endpoint);
  if (read.type === 'problem') throw new ExportError(read.message);
  if (read.type === 'none') throw new ExportError('name a collector with --output (http://localhost:4318) or in OTEL_EXPORTER_OTLP_ENDPOINT');
  const { settings } = read;
  return {
    add: async (run) => {
      const { spans, rejected, messages } = await pushLines(recordLines(run, selfContained), settings, signal);
      if (rejected > 0) note(`${run.state.runId}: the collector rejected ${rejected} of ${spans} spans`);
      for (const message of messages) note(`${run.state.runId}: the collector says: ${message}`);
      written(`${settings.url} ${run.state.runId}`);
    },
  };
}
