/**
 * Arguments in, exit code out. Each command is imported when it is asked for: `plan` loads nothing of what `watch`
 * needs, and `--version` loads nothing at all.
 */
import { parseArguments, type CommandLine } from './arguments.ts';
import type { CommandName } from './command-table.ts';
import { exitCodes, type ExitCode, type Host } from './host.ts';

type Command = (line: CommandLine, host: Host) => Promise<ExitCode>;

const load: Readonly<Record<CommandName, () => Promise<Command>>> = {
  run: async () => (await import('./commands/run.ts')).runCommand,
  retry: async () => (await import('./commands/retry.ts')).retryCommand,
  restore: async () => (await import('./commands/restore.ts')).restoreCommand,
  watch: async () => (await import('./commands/watch.ts')).watchCommand,
  plan: async () => (await import('./commands/plan.ts')).planCommand,
  graph: async () => (await import('./commands/graph.ts')).graphCommand,
  gantt: async () => (await import('./commands/gantt.ts')).ganttCommand,
  runs: async () => (await import('./commands/runs.ts')).runsCommand,
  show: async () => (await import('./commands/show.ts')).showCommand,
  logs: async () => (await import('./commands/logs.ts')).logsCommand,
  compare: async () => (await import('./commands/compare.ts')).compareCommand,
  recent: async () => (await import('./commands/history.ts')).recentCommand,
  history: async () => (await import('./commands/history.ts')).historyCommand,
  inspect: async () => (await import('./commands/show.ts')).showCommand,
  trace: async () => (await import('./commands/trace.ts')).traceCommand,
  tag: async () => (await import('./commands/annotate.ts')).tagCommand,
  note: async () => (await import('./commands/annotate.ts')).noteCommand,
  star: async () => (await import('./commands/annotate.ts')).starCommand,
  archive: async () => (await import('./commands/annotate.ts')).archiveCommand,
  name: async () => (await import('./commands/annotate.ts')).nameCommand,
  delete: async () => (await import('./commands/delete.ts')).deleteCommand,
  flag: async () => (await import('./commands/flag.ts')).flagCommand,
  unflag: async () => (await import('./commands/flag.ts')).unflagCommand,
  review: async () => (await import('./commands/review.ts')).reviewCommand,
  undo: async () => (await import('./commands/annotate.ts')).undoCommand,
  export: async () => (await import('./commands/export.ts')).exportCommand,
  site: async () => (await import('./commands/site.ts')).siteCommand,
  import: async () => (await import('./commands/import.ts')).importCommand,
  gc: async () => (await import('./commands/gc.ts')).gcCommand,
  init: async () => (await import('./commands/init.ts')).initCommand,
  doctor: async () => (await import('./commands/doctor.ts')).doctorCommand,
  schema: async () => (await import('./commands/schema.ts')).schemaCommand,
};

/** Runs the command that `args` (without the program's name) ask for. Never rejects. */
export async function main(args: readonly string[], host: Host): Promise<ExitCode> {
  const { stdout, stderr } = host;
  try {
    const parsed = parseArguments(args);
    switch (parsed.type) {
      case 'command':
        return await (await load[parsed.line.command]())(parsed.line, host);
      case 'version':
        stdout.write(`${(await import('../app/installation.ts')).version}\n`);
        return exitCodes.success;
      case 'help': {
        const { commandHelp, generalHelp } = await import('./help.ts');
        stdout.write(parsed.command === undefined ? generalHelp(stdout.style) : commandHelp(parsed.command, stdout.style));
        return exitCodes.success;
      }
      case 'usage-error': {
        const { usageLine } = await import('./help.ts');
        const { reportError, userError } = await import('./user-error.ts');
        const help = parsed.command === undefined ? 'runweave --help' : `runweave ${parsed.command} --help`;
        const code = reportError(userError(parsed.message), host, args.includes('--json'));
        if (!args.includes('--json')) {
          stderr.write(`${parsed.command === undefined ? '' : `usage: ${usageLine(parsed.command)}\n`}${stderr.style('dim', `more: ${help}`)}\n`);
        }
        return code;
      }
      default:
        return parsed satisfies never;
    }
  } catch (error) {
    reportUnexpected(error, host);
    return exitCodes.taskFailed;
  }
}

/** What the file system says no to is the user's to mend; anything else that gets here is ours. */
function reportUnexpected(error: unknown, { stderr, environment }: Pick<Host, 'stderr' | 'environment'>): void {
  const message = (error instanceof Error ? error.message : String(error)).split('\n')[0] ?? '';
  const { code, path: file } = (error ?? {}) as Partial<NodeJS.ErrnoException>;
  const systemErrors = ['EACCES', 'EPERM', 'EROFS', 'ENOSPC', 'EDQUOT', 'EMFILE', 'ENFILE', 'EIO'];
  if (code !== undefined && systemErrors.includes(code)) stderr.write(`${stderr.style('red', 'error:')} ${file === undefined ? message : `${file}: ${message.replace(/^[A-Z]+: /, '').replace(/, \w+ '.*$/, '')}`}\n`);
  else stderr.write(`${stderr.style('red', 'internal error:')} ${message}\nthis is a bug in Runweave; RUNWEAVE_DEBUG=1 shows where\n`);
  if ((environment['RUNWEAVE_DEBUG'] ?? '') !== '' && error instanceof Error) stderr.write(`${error.stack ?? ''}\n`);
}
