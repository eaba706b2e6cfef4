/** Which line has which colour, dash, marker and letter: what stays keeps its own, what comes takes the first that is free. */
export interface Slots {
  /** These are shown from now on. */
  readonly use: (ids: readonly string[]) => void;
  readonly of: (id: string) => number;
}

export function createSlots(): Slots {
  let slots = new Map<string, number>();
  return {
    use: (ids) => {
      const next = new Map(ids.flatMap((id) => (slots.has(id) ? [[id, slots.get(id) ?? 0] as const] : [])));
      const taken = new Set(next.values());
      let free = 0;
      for (const id of ids) {
        if (next.has(id)) continue;
        while (taken.has(free)) free += 1;
        taken.add(free);
        next.set(id, free);
      }
      slots = next;
    },
    of: (id) => slots.get(id) ?? 0,
  };
}
