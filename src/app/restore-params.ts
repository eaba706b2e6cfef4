/** The parameters of a recorded run for the text of its pipeline file as that is now: the same for every host. */
import { disk } from './disk.ts';
import { editParams, type ParamEdits } from '../definition/edit-params.ts';
import { loadPipeline } from '../definition/load-pipeline.ts';
import type { RunState } from '../model/run-state.ts';
import { paramsOf } from './retry.ts';

export type RestoredParams = ParamEdits & {
  /** Names of parameters that hold a secret, which no record has: they stay as they are. */
  readonly masked: readonly string[];
};

/** `file` is the absolute path of the pipeline file, `text` what is in it or will be. */
export function restoreParams(state: Pick<RunState, 'params' | 'floats'>, file: string, text: string, environment: Readonly<Record<string, string | undefined>>): RestoredParams {
  const known = paramsOf(state);
  const { pipeline } = loadPipeline({ file, text, environment, disk });
  return { ...editParams(text, known, pipeline?.params ?? {}), masked: Object.keys(state.params).filter((name) => !Object.hasOwn(known, name)) };
}
