/** The named views of a site as one of its visitors has them: those that it was built with, and what the visitor made of them. */
import type { NamedView } from '../../src/protocol/tracker-view.ts';
import type { Memory } from './storage.ts';

/** Kept in the browser: views saved there, and names of the site's that were removed there. */
const [saved, removed] = ['views', 'views-removed'];

export interface VisitorViews {
  readonly all: () => readonly NamedView[];
  readonly save: (views: readonly NamedView[]) => void;
}

/** What the visitor saved wins over a view of the site with that name. */
export function visitorViews(ofSite: readonly NamedView[], browser: Memory): VisitorViews {
  const listOf = (name: string): readonly unknown[] => {
    const stored = browser.get(name);
    return Array.isArray(stored) ? stored : [];
  };
  return {
    all: () => {
      const own = listOf(saved) as readonly NamedView[];
      const gone = new Set([...listOf(removed), ...own.map(({ name }) => name)]);
      return [...ofSite.filter(({ name }) => !gone.has(name)), ...own].sort((a, b) => a.name.localeCompare(b.name));
    },
    save: (views) => {
      const known = new Map(ofSite.map((view) => [view.name, JSON.stringify(view)]));
      const names = new Set(views.map(({ name }) => name));
      // One that is as the site has it follows the site when it is built again.
      browser.set(saved, views.filter((view) => known.get(view.name) !== JSON.stringify(view)));
      browser.set(removed, [...known.keys()].filter((name) => !names.has(name)));
    },
  };
}
