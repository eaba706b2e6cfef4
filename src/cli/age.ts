import { userError, type UserError } from './user-error.ts';

const ages: Readonly<Record<string, number>> = { m: 60_000, h: 3_600_000, d: 86_400_000, w: 7 * 86_400_000 };

/** `12h`, `30d` in milliseconds; `option` is what it was given to. */
export function parseAge(text: string, option: string): number | UserError {
  const match = /^(\d+(?:\.\d+)?)([mhdw])$/.exec(text);
  return match === null ? userError(`${option} ${text}: write an age like 12h, 30d or 8w`) : Number(match[1]) * (ages[match[2] ?? ''] ?? 0);
}
