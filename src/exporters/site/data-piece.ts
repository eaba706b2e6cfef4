/** A piece of a site's data as text of a script, or of an element of the page; what was recorded can end neither. */
import { blockId, dataFunction } from '../../protocol/site.ts';

/** Content of a file that a page loads as a script. */
export function dataScript(name: string, value: unknown): string {
  return `${dataFunction}(${literal(name)},${literal(JSON.stringify(value))});\n`;
}

/** In single quotes, as JSON is full of double ones. JSON has no line breaks, and lone surrogates only escaped. */
function literal(text: string): string {
  return `'${text.replaceAll(/[\\'\u2028\u2029]/g, (character) => (character.charCodeAt(0) > 127 ? `\\u${character.charCodeAt(0).toString(16)}` : `\\${character}`))}'`;
}

/** An element that runs nothing and that only our own script reads. */
export function dataBlock(name: string, value: unknown): string {
  return `<script type="application/json" id="${escapeHtml(blockId(name))}">${jsonInHtml(value)}</script>\n`;
}

/** Without `<` it can't end the element, nor begin a comment in it. */
export function jsonInHtml(value: unknown): string {
  return JSON.stringify(value).replaceAll('<', '\\u003c');
}

export function escapeHtml(text: string): string {
  return text.replaceAll(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
}
