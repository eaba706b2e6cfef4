/** Writes `media/pipeline.schema.json`, which the extension contributes; a build step. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { pipelineJsonSchema } from './pipeline-schema.ts';

const media = new URL('../../media/', import.meta.url);
mkdirSync(media, { recursive: true });
writeFileSync(new URL('pipeline.schema.json', media), `${JSON.stringify(pipelineJsonSchema(), null, 2)}\n`);
