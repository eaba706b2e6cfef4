/** What tasks take of the machine while they run, so that no more run at once than there is room for. */
import type { Slots } from '../model/pipeline.ts';

const kinds = ['cpus', 'gpus', 'memory'] as const satisfies readonly (keyof Slots)[];
export type SlotKind = (typeof kinds)[number];

export interface SlotPool {
  /** What there is too little of now for a task that wants this. */
  readonly lacking: (wanted: Slots) => readonly SlotKind[];
  /** Whether the task takes any of these. */
  readonly takes: (wanted: Slots, some: ReadonlySet<SlotKind>) => boolean;
  readonly take: (wanted: Slots) => void;
  readonly give: (wanted: Slots) => void;
}

/** A task that wants more than there is gets all there is: it runs alone. */
export function createSlotPool(total: Slots): SlotPool {
  const used: Record<SlotKind, number> = { cpus: 0, gpus: 0, memory: 0 };
  const share = (wanted: Slots, kind: SlotKind): number => Math.min(wanted[kind], total[kind]);
  const add = (wanted: Slots, sign: 1 | -1): void => {
    for (const kind of kinds) used[kind] += sign * share(wanted, kind);
  };
  return {
    // Fractions of a CPU add up to a little more than they are.
    lacking: (wanted) => kinds.filter((kind) => used[kind] > 1e-9 && used[kind] + share(wanted, kind) > total[kind] + 1e-9 && share(wanted, kind) > 0),
    takes: (wanted, some) => kinds.some((kind) => some.has(kind) && share(wanted, kind) > 0),
    take: (wanted) => add(wanted, 1),
    give: (wanted) => add(wanted, -1),
  };
}
