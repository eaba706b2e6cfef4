const ages: Readonly<Record<string, number>> = { m: 60_000, h: 3_600_000, d: 86_400_000, w: 7 * 86_400_000 };

/** Milliseconds of `12h`, `30d`, `8w`; `undefined` for anything else. */
export function parseAge(text: string): number | undefined {
  const match = /^(\d+(?:\.\d+)?)([mhdw])$/.exec(text);
  return match === null ? undefined : Number(match[1]) * (ages[match[2] ?? ''] ?? 0);
}
