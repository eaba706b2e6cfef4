/** Where an arrow key leads: down and up follow the edges, left and right stay in the row. */
import type { DrawnNode } from './drawing.ts';

const middle = ({ box }: DrawnNode): number => box.x + box.width / 2;

export function nextNode(key: string, from: string, nodes: ReadonlyMap<string, DrawnNode>, edges: readonly (readonly [string, string])[]): string | undefined {
  const here = nodes.get(from);
  if (here === undefined) return undefined;
  const order = [...nodes.keys()];
  const nearest = (ids: readonly string[]): string | undefined =>
    ids.filter((id) => nodes.has(id)).sort((a, b) => Math.abs(middle(nodes.get(a) ?? here) - middle(here)) - Math.abs(middle(nodes.get(b) ?? here) - middle(here)))[0];
  const sideways = (step: 1 | -1): string | undefined => {
    const row = order.filter((id) => {
      const box = nodes.get(id)?.box;
      return box !== undefined && box.top < here.box.bottom && box.bottom > here.box.top && !(nodes.get(id)?.opened ?? false);
    });
    row.sort((a, b) => middle(nodes.get(a) ?? here) - middle(nodes.get(b) ?? here));
    return row[row.indexOf(from) + step];
  };
  const at = order.indexOf(from);
  switch (key) {
    case 'ArrowDown':
      return nearest(edges.filter(([source]) => source === from).map(([, target]) => target)) ?? order[at + 1];
    case 'ArrowUp':
      return nearest(edges.filter(([, target]) => target === from).map(([source]) => source)) ?? order[at - 1];
    case 'ArrowRight':
      return sideways(1) ?? order[at + 1];
    case 'ArrowLeft':
      return sideways(-1) ?? order[at - 1];
    case 'Home':
      return order[0];
    case 'End':
      return order.at(-1);
    default:
      return undefined;
  }
}
