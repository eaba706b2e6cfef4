/**
 * Large OTLP/JSON opened and imported, against `JSON.parse` of the same: `node bench/reading.ts [--megabytes N] [--write]`.
 * Makes two files of N MB (500), a document and lines of 100 spans, and lines of four times N in a temporary folder; each
 * measurement is a process of its own, of which CPU time and the largest resident memory are told.
 */
import { spawnSync } from 'node:child_process';
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync, writeSync } from 'node:fs';
import { cpus, tmpdir } from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { importRuns } from '../src/app/importing/import-runs.ts';
import { readLines } from '../src/recording/read-lines.ts';
import { readRecord } from '../src/store/read-record.ts';
import { randomOf } from './records.ts';
import { writeSection } from './write-section.ts';

const ways = {
  'JSON.parse, whole': (file: string) => void JSON.parse(readFileSync(file, 'utf8')),
  'JSON.parse, each line': async (file: string) => {
    for await (const { text } of readLines(file)) JSON.parse(text);
  },
  'open': async (file: string) => {
    const read = await readRecord(file);
    if (read.type !== 'trace') throw new Error(`${file}: ${read.type}`);
  },
  'import': async (file: string) => {
    const { runs } = await importRuns(path.join(path.dirname(file), '.runweave'), [path.basename(file)], path.dirname(file));
    if (runs.length !== 1) throw new Error(`${file}: ${runs.length} runs`);
  },
} as const;

/** Of one process. */
interface Measured {
  /** Seconds of user and system time. */
  readonly cpu: number;
  /** Seconds. */
  readonly wall: number;
  /** Bytes. */
  readonly memory: number;
}

/** A span of a web service, of about 900 bytes; each has other ids. */
function spans(): () => string {
  const random = randomOf(1);
  const hex = (length: number): string => Array.from({ length: length / 8 }, () => Math.floor(random() * 0x1_0000_0000).toString(16).padStart(8, '0')).join('');
  const text = (key: string, stringValue: string): object => ({ key, value: { stringValue } });
  let count = 0;
  return () => {
    count += 1;
    const start = 1_700_000_000_000_000_000n + BigInt(count) * 1000n;
    return JSON.stringify({
      traceId: hex(32),
      spanId: hex(16),
      parentSpanId: hex(16),
      name: `GET /api/items/${count % 97}`,
      kind: 3,
      startTimeUnixNano: String(start),
      endTimeUnixNano: String(start + 500n),
      attributes: [text('http.request.method', 'GET'), text('url.full', `https://example.org/api/items?n=${count}&q="a"`), { key: 'http.response.status_code', value: { intValue: '200' } }, { key: 'server.port', value: { intValue: 443 } }, text('thread.name', `worker-${count % 16}`)],
      events: [{ timeUnixNano: String(start), name: 'sent', attributes: [{ key: 'bytes', value: { doubleValue: 12.5 } }] }],
      status: {},
    });
  };
}

const begin = '{"resourceSpans":[{"resource":{"attributes":[{"key":"service.name","value":{"stringValue":"shop"}}]},"scopeSpans":[{"scope":{"name":"http"},"spans":[';
const end = ']}]}]}';

function generate(file: string, megabytes: number, shape: 'document' | 'lines'): void {
  const next = spans();
  const descriptor = openSync(file, 'w');
  let written = 0;
  const write = (text: string): void => void (written += writeSync(descriptor, text));
  if (shape === 'document') write(begin);
  for (let batch = 0; written < megabytes * 1e6; batch += 1) {
    const text = Array.from({ length: 100 }, next).join(',');
    write(shape === 'lines' ? `${begin}${text}${end}\n` : `${batch === 0 ? '' : ','}${text}`);
  }
  if (shape === 'document') write(end);
  closeSync(descriptor);
}

function measure(way: keyof typeof ways, file: string): Measured {
  const { stdout, status, stderr } = spawnSync(process.execPath, [import.meta.filename, '--way', way, '--file', file], { encoding: 'utf8', maxBuffer: 1e7 });
  if (status !== 0) throw new Error(stderr);
  return JSON.parse(stdout) as Measured;
}

const { values } = parseArgs({ options: { megabytes: { type: 'string', default: '500' }, write: { type: 'boolean', default: false }, way: { type: 'string' }, file: { type: 'string' } } });
if (values.way !== undefined && values.file !== undefined) {
  const start = performance.now();
  await ways[values.way as keyof typeof ways](values.file);
  const { userCPUTime, systemCPUTime, maxRSS } = process.resourceUsage();
  console.log(JSON.stringify({ cpu: (userCPUTime + systemCPUTime) / 1e6, wall: (performance.now() - start) / 1000, memory: maxRSS * 1024 } satisfies Measured));
} else {
  const size = Number(values.megabytes);
  const folder = mkdtempSync(path.join(tmpdir(), 'reading-'));
  try {
    const rows: string[] = [];
    for (const [name, megabytes, shape, measured] of [
      ['one document', size, 'document', ['JSON.parse, whole', 'open', 'import']],
      ['lines of 100 spans', size, 'lines', ['JSON.parse, each line', 'open', 'import']],
      ['lines of 100 spans', 4 * size, 'lines', ['JSON.parse, each line', 'open', 'import']],
    ] as const) {
      const file = path.join(folder, `${shape}.otlp.json`);
      generate(file, megabytes, shape);
      for (const way of measured) {
        const { cpu, wall, memory } = measure(way, file);
        rows.push(`| ${name}, ${megabytes} MB | ${way} | ${cpu.toFixed(1)} s | ${wall.toFixed(1)} s | ${Math.round(memory / 1e6)} MB |`);
      }
      rmSync(path.join(folder, '.runweave'), { recursive: true, force: true });
      rmSync(file);
    }
    const [processor] = cpus();
    const text = [`${new Date().toISOString().slice(0, 10)}, ${process.platform} ${process.arch}, ${cpus().length} × ${processor?.model ?? ''}, Node ${process.versions.node}.`, '', '| file | | CPU time | wall time | largest memory |', '|---|---|---|---|---|', ...rows].join('\n');
    writeSection('bench/reading.ts', text, values.write);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
