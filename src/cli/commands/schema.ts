import { pipelineJsonSchema } from '../../definition/pipeline-schema.ts';
import type { CommandLine } from '../arguments.ts';
import { exitCodes, type ExitCode, type Host } from '../host.ts';

/** `runweave schema`: the JSON schema of the pipeline file. */
export function schemaCommand(_line: CommandLine, host: Host): Promise<ExitCode> {
  host.stdout.write(`${JSON.stringify(pipelineJsonSchema(), undefined, 2)}\n`);
  return Promise.resolve(exitCodes.success);
}
