/** A link to an artifact: the panel's list of artifacts shows it, and what a person opens there becomes the link. */
import type { Route } from './route.ts';

type RunRoute = Extract<Route, { readonly panel: 'run' }>;

/** Artifacts are folded parts of the list, by task, name and version. */
const keyOf = (task: string, name: string): string => `${task}/${name}/`;

export function revealArtifact(panel: HTMLElement, route: RunRoute, onOpen: (route: RunRoute) => void): void {
  const { task, artifact } = route;
  if (task !== undefined && artifact !== undefined) {
    const observer = new MutationObserver(() => {
      const found = [...panel.querySelectorAll<HTMLDetailsElement>('.artifact details[data-key]')].findLast(({ dataset }) => dataset['key']?.startsWith(keyOf(task, artifact)));
      if (found === undefined) return;
      observer.disconnect();
      found.open = true;
      found.scrollIntoView({ block: 'start' });
      found.querySelector('summary')?.focus();
    });
    observer.observe(panel, { childList: true, subtree: true });
  }
  // `toggle` does not bubble.
  panel.addEventListener(
    'click',
    (event) => {
      const details = (event.target as Element).closest('summary')?.parentElement;
      const key = details?.closest('.artifact') === null ? undefined : details?.dataset['key'];
      const group = details?.closest('section')?.querySelector('h2')?.firstChild?.textContent;
      if (key === undefined || group === null || group === undefined || !key.startsWith(`${group}/`)) return;
      onOpen({ ...route, tab: 'artifacts', task: group, artifact: key.slice(group.length + 1).replace(/\/\d+$/, '') });
    },
    true,
  );
}
