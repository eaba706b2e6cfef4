/** The layered graphs that all tools build: each task needs its own source and two tasks of the layer before. */
import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';

export interface Node {
  readonly name: string;
  readonly source: string;
  readonly output: string;
  /** Names of the tasks of the layer before; none in the first layer. */
  readonly needs: readonly string[];
  readonly inputs: readonly string[];
  readonly command: string;
}

export function layeredDag(size: number): readonly Node[] {
  const width = Math.ceil(Math.sqrt(size));
  return Array.from({ length: size }, (_, index) => {
    const before = (Math.floor(index / width) - 1) * width;
    const needs = before < 0 ? [] : [...new Set([before + (index % width), before + ((index + 1) % width)])].map(nameOf);
    const source = `src/${nameOf(index)}.txt`;
    const output = `out/${nameOf(index)}.txt`;
    const inputs = [source, ...needs.map((name) => `out/${name}.txt`)];
    return { name: nameOf(index), source, output, needs, inputs, command: `cksum ${inputs.join(' ')} > ${output}` };
  });
}

function nameOf(index: number): string {
  return `t${index}`;
}

export function writeSources(folder: string, dag: readonly Node[]): void {
  mkdirSync(path.join(folder, 'src'), { recursive: true });
  mkdirSync(path.join(folder, 'out'), { recursive: true });
  for (const node of dag) writeFileSync(path.join(folder, node.source), `source of ${node.name}\n`);
}
