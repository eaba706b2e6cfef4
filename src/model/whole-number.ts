/**
 * Whole numbers beyond 2⁵³ need not have the same digits once they were read: JSON's numbers are floating-point numbers
 * here, as in most programs (https://www.rfc-editor.org/rfc/rfc8259#section-6). A seed or an id that became another one
 * would go unnoticed.
 */

/** Whether a whole number, decimal or with `0x` or `0o`, has its digits as a number of JSON. */
export function keepsDigits(text: string): boolean {
  return text.length < 16 || BigInt(text).toString() === String(Number(text));
}

/** JSON in which whole numbers that would become others are text. */
export function withTextForLongNumbers(json: string): string {
  if (!mayHaveLong.test(json)) return json;
  return json.replaceAll(stringOrNumber, (token) => (/^-?\d+$/.test(token) && !keepsDigits(token) ? `"${token}"` : token));
}

/** In text there are many, such as times. */
const mayHaveLong = /(?:^|[:,[\s-])\d{16}/;
const stringOrNumber = /"(?:[^"\\]|\\.)*"|-?\d+(?:\.\d+)?(?:[eE][-+]?\d+)?/g;
