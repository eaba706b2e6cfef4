/**
 * Looks that take a while, at a folder of thousands of files, for several who ask for the same at about the same time:
 * tasks that end one after the other and all read it.
 *
 * What was looked at before somebody asked says nothing of what happened in between. So nobody gets a look that had begun
 * by then: who asks while one goes on gets the next, together with all others who do.
 *
 *   first asks ──▶ look ─────────▶ look ──▶ …
 *                   └ others ask ──┘ begins when the one before has ended
 */
export function shareLooks<T>(): (key: string, look: () => Promise<T>) => Promise<T> {
  const going = new Map<string, { readonly look: Promise<T>; next?: Promise<T> }>();
  const begin = (key: string, look: () => Promise<T>): Promise<T> => {
    const own: { readonly look: Promise<T>; next?: Promise<T> } = { look: look() };
    going.set(key, own);
    const end = (): void => {
      if (own.next === undefined) going.delete(key);
    };
    own.look.then(end, end);
    return own.look;
  };
  return (key, look) => {
    const before = going.get(key);
    if (before === undefined) return begin(key, look);
    const after = (): Promise<T> => begin(key, look);
    return (before.next ??= before.look.then(after, after));
  };
}
