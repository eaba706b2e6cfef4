/** What may be the key of a metric, a parameter or a tag: the rules of `mlflow/utils/validation.py`, with its messages. */
import path from 'node:path';
import { invalid } from './refusal.ts';

const maxKeyLength = 250;

/** Returns the key, or refuses it. `where` names the field. */
export function validKey(key: string, where = 'key'): string {
  if (key.length > maxKeyLength) throw invalid(`'${where}' exceeds the maximum length of ${maxKeyLength} characters`);
  if (!/^[/\p{L}\p{N}_.\- :]*$/u.test(key)) {
    throw invalid(`${invalidValue(key, where)}: Names may only contain alphanumerics, underscores (_), dashes (-), periods (.), spaces ( ), colon(:) and slashes (/).`);
  }
  const normal = path.posix.normalize(key);
  if (normal !== key || key === '' || key === '.' || key.startsWith('..') || key.startsWith('/') || key.endsWith('/')) {
    throw invalid(
      `${invalidValue(key, where)}: Names may be treated as files in certain cases, and must not resolve to other names when treated as such. This name would resolve to '${normal}'`,
    );
  }
  return key;
}

function invalidValue(value: string, where: string): string {
  return `Invalid value ${JSON.stringify(value.slice(0, 300))} for parameter '${where}' supplied`;
}
