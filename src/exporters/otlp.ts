/**
 * A record as OTLP for others: with artifacts that it only refers to inside, so that one file is all of the run, and as
 * one JSON document instead of lines. What else is in it stays as it is.
 */
import { deepestRecorded, parseNested } from '../model/nested-json.ts';
import { artifactContent, artifactContentType, artifactDigest, artifactEvent } from '../model/semantic-conventions.ts';

type Fields = Record<string, unknown>;

/** The bytes of an artifact by its digest; `undefined` where they are gone. */
export type ReadArtifact = (digest: string) => Promise<Buffer | undefined>;

/** The line with what it refers to inlined; the same line where there is nothing. Throws when it is no JSON. */
export async function inlineArtifacts(line: string, read: ReadArtifact): Promise<string> {
  // Most lines refer to nothing, and are long.
  if (!line.includes('"reference"')) return line;
  const document = parseNested(line, deepestRecorded);
  for (const event of eventsOf(document)) {
    if (event['name'] !== artifactEvent || !Array.isArray(event['attributes'])) continue;
    const attributes = event['attributes'] as Fields[];
    const of = (key: string): Fields | undefined => attributes.find((attribute) => attribute['key'] === key);
    const type = of(artifactContentType);
    const digest = (of(artifactDigest)?.['value'] as Fields | undefined)?.['stringValue'];
    if (type === undefined || (type['value'] as Fields | undefined)?.['stringValue'] !== 'reference' || typeof digest !== 'string') continue;
    const bytes = await read(digest);
    if (bytes === undefined) continue;
    const text = bytes.toString('utf8');
    const isText = Buffer.from(text, 'utf8').equals(bytes);
    type['value'] = { stringValue: isText ? 'utf8' : 'base64' };
    attributes.push({ key: artifactContent, value: { stringValue: isText ? text : bytes.toString('base64') } });
  }
  return JSON.stringify(document);
}

function* eventsOf(document: unknown): Generator<Fields> {
  for (const resource of list(document, 'resourceSpans')) for (const scope of list(resource, 'scopeSpans')) for (const span of list(scope, 'spans')) yield* list(span, 'events') as Generator<Fields>;
}

function* list(holder: unknown, field: string): Generator {
  const value = typeof holder === 'object' && holder !== null ? (holder as Fields)[field] : undefined;
  if (Array.isArray(value)) yield* value as readonly unknown[];
}

/** What the line adds to the `resourceSpans` of a document, as JSON; empty where it adds nothing. */
export function resourceSpansOf(line: string): string {
  return [...list(parseNested(line, deepestRecorded), 'resourceSpans')].map((each) => JSON.stringify(each)).join(',');
}
