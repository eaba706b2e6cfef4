import { parseArgs } from 'node:util';
import { nearName } from '../model/near-name.ts';
import { commandNames, commands, globalOptions, isCommandName, options, optionsOf, type CommandName, type OptionName, type OptionValues } from './command-table.ts';

export interface CommandLine {
  readonly command: CommandName;
  readonly arguments: readonly string[];
  readonly options: OptionValues;
}

export type ParsedArguments =
  | { readonly type: 'command'; readonly line: CommandLine }
  | { readonly type: 'help'; readonly command?: CommandName }
  | { readonly type: 'version' }
  | { readonly type: 'usage-error'; readonly message: string; readonly command?: CommandName };

/** Marks `-1`, `-2/train`: a run counted from the newest, not an option. No argument of a process holds a NUL. */
const runMark = '\0';

/**
 * Reads the arguments after the program's name. Strict by the command table rather than by `parseArgs` itself, whose
 * errors know neither the command nor what was probably meant.
 */
export function parseArguments(args: readonly string[]): ParsedArguments {
  const { tokens } = parseArgs({
    args: args.map((argument) => (/^-\d+(\/|$)/.test(argument) ? runMark + argument : argument)),
    strict: false,
    tokens: true,
    allowPositionals: true,
    options: {
      ...Object.fromEntries(
        Object.entries(options).map(([name, spec]) => [
          name,
          { type: spec.type === 'flag' ? ('boolean' as const) : ('string' as const), ...(spec.short !== undefined && { short: spec.short }) },
        ]),
      ),
      version: { type: 'boolean', short: 'V' },
    },
  });
  const words = tokens.flatMap((token) => (token.kind === 'positional' ? [unmark(token.value)] : []));
  const given = tokens.filter((token) => token.kind === 'option');
  const [name, ...rest] = words;

  if (given.some((option) => option.name === 'version') && name === undefined) return { type: 'version' };
  const wantsHelp = given.some((option) => option.name === 'help');
  if (name === 'help' || name === undefined) {
    const about = rest[0];
    if (about !== undefined) return isCommandName(about) ? { type: 'help', command: about } : unknownCommand(about);
    const wrong = given.find((option) => !isOption(option.name, globalOptions));
    if (wrong !== undefined) return { type: 'usage-error', message: `unknown option ${wrong.rawName}${didYouMean(wrong.name, globalOptions)}` };
    return { type: 'help' };
  }
  if (!isCommandName(name)) return unknownCommand(name);
  if (wantsHelp) return { type: 'help', command: name };

  const usageError = (message: string): ParsedArguments => ({ type: 'usage-error', message, command: name });
  const allowed = optionsOf(name);
  const values: Record<string, unknown> = { json: false, 'no-color': false, help: false, set: [] as string[], sort: [] as string[], columns: [] as string[], group: [] as string[], good: [] as string[], records: [] as string[], differing: false, force: false, verbose: false, all: false, 'dry-run': false, github: false, gitlab: false, archived: false, views: false, remove: false, forward: false, 'self-contained': false, convert: false, params: false };
  for (const option of given) {
    if (!isOption(option.name, allowed)) return usageError(`unknown option ${option.rawName}${didYouMean(option.name, allowed)}`);
    const spec = options[option.name];
    const value = option.value === undefined ? undefined : unmark(option.value);
    if (spec.type === 'flag') {
      if (value !== undefined) return usageError(`${option.rawName} takes no value`);
      values[option.name] = true;
      continue;
    }
    // `--file --json` forgot the file; a value that does begin with two dashes is written `--file=--x`.
    if (value === undefined || (value.startsWith('--') && !option.inlineValue)) return usageError(`${option.rawName} needs a value: ${option.rawName} ${spec.value ?? ''}`);
    if (spec.type === 'count') {
      if (!/^[1-9]\d{0,8}$/.test(value)) return usageError(`${option.rawName} ${value}: must be a whole number, 1 or more`);
      values[option.name] = Number(value);
    } else if (spec.multiple === true) {
      values[option.name] = [...(values[option.name] as readonly string[]), value];
    } else {
      values[option.name] = value;
    }
  }
  const choices: readonly (readonly [OptionName, readonly string[]])[] = [
    ['on-failure', ['stop', 'continue']],
    ['format', commands[name].formats ?? []],
    ['to', commands[name].targets ?? []],
  ];
  for (const [option, allowedValues] of choices) {
    const value = values[option];
    if (typeof value === 'string' && !allowedValues.includes(value)) {
      const near = nearName(value, allowedValues);
      return usageError(`--${option} ${value}: must be ${allowedValues.length > 3 ? `one of ${allowedValues.join(', ')}` : allowedValues.join(' or ')}${near === undefined ? '' : ` (did you mean ${near}?)`}`);
    }
  }
  const { minimum, maximum } = commands[name];
  if (rest.length < minimum) return usageError(`${name} needs ${commands[name].arguments}`);
  if (rest.length > maximum) return usageError(`${name} takes ${maximum === 0 ? 'no arguments' : 'one argument'}: ${rest.slice(maximum).join(' ')}`);
  return { type: 'command', line: { command: name, arguments: rest, options: values as unknown as OptionValues } };
}

function unmark(argument: string): string {
  return argument.startsWith(runMark) ? argument.slice(runMark.length) : argument;
}

function unknownCommand(name: string): ParsedArguments {
  const near = nearName(name, commandNames);
  return { type: 'usage-error', message: `unknown command ${name}${near === undefined ? '' : ` (did you mean ${near}?)`}` };
}

function isOption(name: string, allowed: readonly OptionName[]): name is OptionName {
  return (allowed as readonly string[]).includes(name);
}

function didYouMean(name: string, allowed: readonly OptionName[]): string {
  const near = nearName(name, allowed);
  if (near !== undefined) return ` (did you mean --${near}?)`;
  const elsewhere = commandNames.filter((command) => (optionsOf(command) as readonly string[]).includes(name));
  return elsewhere.length === 0 ? '' : ` (it belongs to ${elsewhere.join(', ')})`;
}
