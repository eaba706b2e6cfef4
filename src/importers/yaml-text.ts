import { LineCounter, type ParseOptions, type DocumentOptions, type SchemaOptions } from 'yaml';
import { aliasInItself } from '../model/alias-in-itself.ts';
import { yamlDocument } from '../model/yaml-document.ts';

/** What `parse` of `yaml` gives. Throws, with what is wrong and `at line 2, column 7`, also where a value contains itself. */
export function valueOfYaml(text: string, options: ParseOptions & DocumentOptions & SchemaOptions = {}): unknown {
  const lineCounter = new LineCounter();
  const document = yamlDocument(text, { ...options, lineCounter, logLevel: 'error' });
  const [error] = document.errors;
  if (error !== undefined) throw error;
  const alias = aliasInItself(document);
  if (alias !== undefined) {
    const { line, col } = lineCounter.linePos(alias.range[0]);
    throw new Error(`the alias *${alias.source} is inside of what it stands for at line ${line}, column ${col}`);
  }
  return document.toJS() as unknown;
}
