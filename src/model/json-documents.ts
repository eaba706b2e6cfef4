export interface JsonDocument {
  /** Where it begins, from 1. */
  readonly line: number;
  readonly text: string;
}

/**
 * Splits text that holds JSON objects one after the other, each perhaps over several lines, as a file exporter that
 * indents writes them. `rest` is the line of an object that does not end. What stands between objects is skipped.
 */
export function splitJsonDocuments(text: string): { readonly documents: readonly JsonDocument[]; readonly rest?: number } {
  const documents: JsonDocument[] = [];
  let depth = 0;
  let line = 1;
  let start = 0;
  let startLine = 1;
  let inString = false;
  for (let at = 0; at < text.length; at += 1) {
    const character = text[at];
    if (character === '\n') line += 1;
    if (inString) {
      if (character === '\\') at += 1;
      else if (character === '"') inString = false;
    } else if (character === '"') {
      inString = depth > 0;
    } else if (character === '{') {
      if (depth === 0) {
        start = at;
        startLine = line;
      }
      depth += 1;
    } else if (character === '}' && depth > 0) {
      depth -= 1;
      if (depth === 0) documents.push({ line: startLine, text: text.slice(start, at + 1) });
    }
  }
  return depth === 0 ? { documents } : { documents, rest: startLine };
}
