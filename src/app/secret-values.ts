/**
 * What must not be recorded: the values of the variables that the pipeline file lists under `secrets`, and of those
 * that look like credentials, by their name or by their value. The rules are in docs/secrets.md.
 */
import { looksLikeCredential } from '../model/credential-names.ts';
import type { Pipeline } from '../model/pipeline.ts';

type Environment = Readonly<Record<string, string | undefined>>;

/** Shorter values would hide ordinary words and digits. */
const shortestListed = 4;
const shortestFound = 8;
/** Of a password within a connection string. */
const shortestPart = 6;

/** Prefixes that issuers give to their tokens so that these are found, and the first line of a private key. */
const tokenShapes =
  /^(?:gh[pousr]_\w{20,}|github_pat_\w{20,}|glpat-[\w-]{16,}|hf_\w{16,}|sk-[\w-]{20,}|xox[abeprs]-[\w-]{10,}|npm_\w{30,}|pypi-[\w-]{30,}|AIza[\w-]{30,}|ya29\.[\w-]{20,}|dapi[0-9a-f]{30,}|eyJ[\w-]{10,}\.eyJ[\w-]{10,}\.[\w-]*|-----BEGIN [A-Z ]*PRIVATE KEY-----[\s\S]*)$/;

/** Of the environment that tasks inherit, and of what the pipeline file itself sets for them. */
export function secretValues(pipeline: Pick<Pipeline, 'secrets' | 'tasks'>, environment: Environment): readonly string[] {
  const values = new Set<string>();
  const add = (value: string | undefined, shortest: number): void => {
    const trimmed = value?.trim() ?? '';
    if (trimmed.length >= shortest) values.add(trimmed);
  };
  const look = (variables: Environment): void => {
    for (const [name, value] of Object.entries(variables)) {
      if (value === undefined || value.length < shortestListed || pipeline.secrets.includes(`!${name}`)) continue;
      if (looksLikeCredential(name) && !isOrdinary(value)) add(value, shortestFound);
      if (tokenShapes.test(value.trim())) add(value, shortestFound);
      for (const part of partsOf(name, value)) add(part, shortestPart);
    }
  };
  for (const name of pipeline.secrets) add(environment[name], shortestListed);
  look(environment);
  // Of thousands of tasks, most have the same.
  for (const env of new Set(pipeline.tasks.map((task) => task.env))) {
    look(env);
    for (const name of pipeline.secrets) add(env[name], shortestListed);
  }
  return [...values];
}

/** A switch, or the place of a secret rather than the secret. */
function isOrdinary(value: string): boolean {
  return /^(?:true|false|enabled|disabled|required|optional)$/i.test(value) || /^(?:~?[/\\]|\.{1,2}[/\\]|[A-Za-z]:[/\\])/.test(value);
}

/** Passwords within URLs, keys within connection strings, and what headers carry. */
function partsOf(name: string, value: string): readonly string[] {
  const parts: string[] = [];
  for (const [, user = '', password = ''] of value.matchAll(/[a-z][a-z0-9+.-]*:\/\/([^\s:@/]*):([^\s@/]+)@/gi)) {
    if (password !== user) parts.push(password, decoded(password));
  }
  for (const [, key = ''] of value.matchAll(/(?:^|[;\s])(?:password|pwd|accountkey|sharedaccesskey|sharedsecretkey)=([^;\s]+)/gi)) parts.push(key);
  if (/_HEADERS$/i.test(name)) {
    for (const entry of value.split(',')) {
      const [, header = '', given = ''] = /^\s*([^=:]+)[=:](.*)$/.exec(entry) ?? [];
      const content = decoded(given).trim().replace(/^(?:Bearer|Basic|Token)\s+/i, '');
      if (/auth|token|key|secret/i.test(header) && content.length >= shortestFound) parts.push(content);
    }
  }
  return parts;
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
