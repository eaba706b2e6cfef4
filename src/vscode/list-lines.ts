/** A list to choose from cuts what is wider than it is, and has room for a second line. */
const widest = 76;

/** The second is absent where the text fits into one. */
export function listLines(text: string): readonly [first: string, second?: string] {
  const [, first, second] = text.length <= widest ? [] : (/^(.{1,70}) (.*)$/s.exec(text) ?? []);
  return first === undefined || second === undefined ? [text] : [first, second];
}
