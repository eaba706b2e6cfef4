import { commandNames, commands, globalOptions, options, type CommandName, type OptionName } from './command-table.ts';
import { padEnd, type Style } from './text.ts';

/** What `runweave --help` prints. */
export function generalHelp(style: Style): string {
  return lines([
    `${style('bold', 'runweave')}: runs only the tasks of a pipeline that a change affects, and records every run`,
    '',
    style('bold', 'Usage'),
    '  runweave COMMAND [OPTIONS]',
    '',
    style('bold', 'Commands'),
    ...columns(commandNames.map((name) => [`${name} ${commands[name].arguments}`.trimEnd(), commands[name].summary]), style),
    '',
    style('bold', 'Options of every command'),
    ...columns(globalOptions.map((name) => optionRow(name)), style),
    ...columns([['-V, --version', 'show the version']], style),
    '',
    style('bold', 'Examples'),
    ...columns(
      [
        ['runweave init', 'start a pipeline here'],
        ['runweave plan', 'what would run, and why'],
        ['runweave run', 'bring everything up to date'],
        ['runweave watch', 'again after every change'],
        ['runweave show latest', 'what came out'],
      ],
      style,
    ),
    '',
    style('dim', 'Exit codes: 0 success, 1 a task failed, 2 bad usage or bad pipeline file, 3 another process holds the pipeline, 130 interrupted.'),
    style('dim', 'More on a command: runweave help COMMAND'),
  ]);
}

/** What `runweave COMMAND --help` prints. */
export function commandHelp(name: CommandName, style: Style): string {
  const command = commands[name];
  return lines([
    `${style('bold', `runweave ${name}`)}: ${command.summary}`,
    '',
    style('bold', 'Usage'),
    `  ${usageLine(name)}`,
    ...(command.details === undefined ? [] : ['', `  ${command.details}`]),
    '',
    style('bold', 'Options'),
    ...columns([...command.options, ...globalOptions].map((option) => optionRow(option, option === 'to' ? command.targets : command.formats, command.means?.[option])), style),
    '',
    style('bold', 'Examples'),
    ...columns(command.examples, style),
  ]);
}

export function usageLine(name: CommandName): string {
  return ['runweave', name, commands[name].arguments, '[OPTIONS]'].filter((part) => part !== '').join(' ');
}

function optionRow(name: OptionName, formats: readonly string[] = [], means?: string): readonly [string, string] {
  const spec = options[name];
  const isChoice = name === 'format' || name === 'to';
  const value = isChoice ? formats.join('|') : spec.value;
  const description = isChoice ? `how to write it (default: ${formats[0] ?? ''})` : (means ?? spec.description);
  return [`${spec.short === undefined ? '    ' : `-${spec.short}, `}--${name}${value === undefined ? '' : ` ${value}`}`, description];
}

function columns(rows: readonly (readonly [string, string])[], style: Style): string[] {
  const width = Math.max(...rows.map(([left]) => left.length), 24);
  return rows.map(([left, right]) => `  ${padEnd(left, width)}  ${style('dim', right)}`);
}

function lines(all: readonly string[]): string {
  return `${all.join('\n')}\n`;
}
