/**
 * Messages on the pipe between the executor and its spawner (`spawner.ts`): a length (32 bits, little endian, of what
 * follows), a type (8 bits), the number of the process (32 bits), and bytes that the type gives a meaning to. Output
 * goes through as it is, which JSON would write out anew for every line end.
 */
import type { ProcessRequest } from './backend.ts';

const types = ['ready', 'start', 'stop', 'started', 'stdout', 'stderr', 'ended'] as const;
const head = 9;

export interface Frame {
  readonly type: (typeof types)[number];
  /** Of the process, given by who starts it. */
  readonly id: number;
  readonly body: Buffer;
}

export function encodeFrame(type: Frame['type'], id: number, text = ''): Buffer {
  const length = Buffer.byteLength(text);
  const frame = Buffer.allocUnsafe(head + length);
  frame.writeUInt32LE(head - 4 + length, 0);
  frame.writeUInt8(types.indexOf(type), 4);
  frame.writeUInt32LE(id, 5);
  frame.write(text, head);
  return frame;
}

type Started = Omit<ProcessRequest, 'onOutput'>;

/**
 * The body of a `start`: folder, number of words of the command, these, and the variables, with NUL in between, which
 * no program can be given. `undefined` where there is one all the same.
 */
export function encodeRequest({ cwd, command, env }: Started): string | undefined {
  const parts = [cwd, String(command.length), ...command];
  for (const name in env) parts.push(`${name}=${env[name] ?? ''}`);
  const text = parts.join('\0');
  let separators = 0;
  for (let at = text.indexOf('\0'); at !== -1; at = text.indexOf('\0', at + 1)) separators += 1;
  return separators === parts.length - 1 ? text : undefined;
}

export function decodeRequest(body: Buffer): Started {
  const [cwd = '', count = '', ...rest] = body.toString().split('\0');
  const variables = rest.slice(Number(count)).map((each) => [each.slice(0, each.indexOf('=')), each.slice(each.indexOf('=') + 1)]);
  return { cwd, command: rest.slice(0, Number(count)), env: Object.fromEntries(variables) as Record<string, string> };
}

/** Takes bytes as they come, and hands on every frame that is whole. */
export function createFrameReader(onFrame: (frame: Frame) => void): (chunk: Buffer) => void {
  let parts: Buffer[] = [];
  let length = 0;
  return (chunk) => {
    parts.push(chunk);
    length += chunk.length;
    const wanted = (parts[0]?.length ?? 0) >= 4 ? (parts[0]?.readUInt32LE(0) ?? 0) + 4 : 4;
    // A large frame comes in many chunks: joined once, not for each.
    if (length < wanted) return;
    let bytes = parts.length === 1 ? chunk : Buffer.concat(parts);
    while (bytes.length >= 4 && bytes.length >= bytes.readUInt32LE(0) + 4) {
      const end = bytes.readUInt32LE(0) + 4;
      const type = types[bytes.readUInt8(4)];
      if (type === undefined) throw new Error('no frame of a spawner');
      const frame = { type, id: bytes.readUInt32LE(5), body: bytes.subarray(head, end) };
      bytes = bytes.subarray(end);
      onFrame(frame);
    }
    parts = bytes.length === 0 ? [] : [bytes];
    length = bytes.length;
  };
}
