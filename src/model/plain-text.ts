/** Terminal output as text: colours and cursor movements out, a progress bar as its last state. */
/** Control sequences; the first group is the parameters of a style. */
export const controls = /\u001b\](?:[^\u0007\u001b]{0,4096})(?:\u0007|\u001b\\)|\u001b\[([0-9;:]*)m|\u001b\[[0-?]*[ -/]*[@-~]|\u001b[@-Z\\-_]|[\u0000-\u0008\u000b-\u001f]/g;
const styles = /\u001b\[[0-9;:]*m/g;

/** Lines as a terminal ends up showing them: what a carriage return went back over is gone. */
export function settled(text: string): string {
  if (!text.includes('\r')) return text;
  return text
    .replaceAll('\r\n', '\n')
    .split('\n')
    .map((line) => {
      const at = line.lastIndexOf('\r', line.length - 2);
      // A colour that was switched on in what is gone is still on.
      return at === -1 ? line : (line.slice(0, at).match(styles)?.join('') ?? '') + line.slice(at + 1);
    })
    .join('\n');
}

/** Without any control sequence. */
export function plainText(text: string): string {
  return settled(text).replace(controls, '');
}
