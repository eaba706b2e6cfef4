/** Terminal output as plain text: colours and cursor movements out, a progress bar as its last state. */
export function plainText(text: string): string {
  const plain = text
    .replace(/\u001b\][^\u0007\u001b]*(?:\u0007|\u001b\\)/g, '')
    .replace(/\u001b\[[0-?]*[ -/]*[@-~]|\u001b[@-Z\\-_]/g, '')
    .replaceAll('\r\n', '\n');
  return plain.includes('\r') ? plain.split('\n').map(lastOverwrite).join('\n') : plain;
}

/** What a line shows at the end, when carriage returns went back to its beginning. No expression: a line can be all of them. */
function lastOverwrite(line: string): string {
  let end = line.length;
  while (line[end - 1] === '\r') end -= 1;
  return end === 0 ? '' : line.slice(line.lastIndexOf('\r', end - 1) + 1, end);
}
