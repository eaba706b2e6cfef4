import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { parseArguments } from '../../../src/cli/arguments.ts';
import { commandNames, commands, optionsOf } from '../../../src/cli/command-table.ts';
import { commandHelp, generalHelp } from '../../../src/cli/help.ts';
import { createStyle } from '../../../src/cli/text.ts';

const plain = createStyle(false);

describe('help', () => {
  it('names every command', () => {
    const help = generalHelp(plain);
    for (const name of commandNames) assert.match(help, new RegExp(`^  ${name}\\b.*  ${commands[name].summary.slice(0, 10)}`, 'm'));
  });

  for (const name of commandNames) {
    it(`of ${name} names its options, and its examples are understood`, () => {
      const help = commandHelp(name, plain);
      for (const option of optionsOf(name)) assert.match(help, new RegExp(`--${option}\\b`));
      for (const [example] of commands[name].examples) {
        // As a shell splits it.
        const words = example.match(/'[^']*'|[^\s']+/g) ?? [];
        const end = words.findIndex((word) => word === '|' || word === '>');
        const args = words.slice(1, end === -1 ? undefined : end).map((word) => word.replaceAll("'", ''));
        const parsed = parseArguments(args);
        assert.ok(parsed.type === 'command', `${example}: ${JSON.stringify(parsed)}`);
        assert.equal(parsed.line.command, name);
      }
    });
  }
});
