import { parseDocument, YAMLParseError, type Document, type DocumentOptions, type ParseOptions, type SchemaOptions } from 'yaml';

/**
 * `parseDocument` of `yaml`, with what is nested deeper than the stack among the errors, as a mistake of who wrote it.
 * The parser itself throws for blocks, and for brackets says that the stack is full.
 */
export function yamlDocument(text: string, options: ParseOptions & DocumentOptions & SchemaOptions): Document.Parsed {
  let document: Document.Parsed;
  try {
    document = parseDocument(text, options);
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    document = parseDocument('', options);
    document.errors.push(new YAMLParseError([0, 0], 'RESOURCE_EXHAUSTION', 'nested too deeply'));
  }
  for (const error of document.errors) {
    if (error.code === 'RESOURCE_EXHAUSTION') error.message = error.message.replace('Maximum call stack size exceeded', 'nested too deeply');
  }
  return document;
}
