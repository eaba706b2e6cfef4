import { isAlias, visit, type Alias, type Document } from 'yaml';

/**
 * An alias inside of what it stands for, `&a [*a]`: what contains it has no end as JSON. An alias stands for what was
 * named before it, so there is no other way for a document to contain itself.
 */
export function aliasInItself(document: Document.Parsed): Alias.Parsed | undefined {
  const found: Alias.Parsed[] = [];
  /** What each anchor stands for so far: a name may be given again. */
  const anchors = new Map<string, unknown>();
  visit(document, {
    Node: (_, node, path) => {
      if (!isAlias(node)) {
        if (node.anchor !== undefined) anchors.set(node.anchor, node);
        return undefined;
      }
      const target = anchors.get(node.source);
      if (target === undefined || !path.some((parent) => parent === target)) return undefined;
      found.push(node as Alias.Parsed);
      return visit.BREAK;
    },
  });
  return found[0];
}
