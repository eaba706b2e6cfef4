/**
 * YAML text → a tree, for text of which nothing has to be told: no mistake, no anchors, aliases, tags, directives or
 * merge keys, and no numbers but decimal ones. That is most pipeline files, and `js-yaml` reads them in a fifth of the
 * time that `yaml` takes, which goes on after a mistake (1000 tasks in a new process: 36 ms for 185).
 *
 * The tree is that of `yaml-tree.ts`, which a test compares, but only keys have their places: who has something to
 * report about a value reads the text again, there.
 */
import { EVENT_ID, getScalarValue, parseEvents, SCALAR_STYLE, type Event, type ScalarEvent } from 'js-yaml';
import type { Entry, MappingNode, ScalarNode, SequenceNode, YamlNode } from './yaml-tree.ts';

/** What `js-yaml` reads in another way: a lone carriage return, and lines that begin with `...` or a tab. */
const isReadOtherwise = /\r(?!\n)|^(?:\.\.\.| *\t)/m;

/** `undefined` for text that is no mapping, not as plain as that, or not YAML. */
export function parsePlainYaml(text: string): MappingNode | undefined {
  if (isReadOtherwise.test(text)) return undefined;
  let events: readonly Event[];
  try {
    events = parseEvents(text, {});
  } catch {
    return undefined;
  }
  const [start] = events;
  // An indented `---` is one for `js-yaml`, too.
  const isKnownStart = start?.type === EVENT_ID.DOCUMENT && start.directives.length === 0 && (!start.explicitStart || text.startsWith('---'));
  return isKnownStart ? treeOf(events, text) : undefined;
}

function treeOf(events: readonly Event[], text: string): MappingNode | undefined {
  let place = 1;

  /** `undefined` for what is not plain, and for the end of what is around it. */
  const node = (): YamlNode | undefined => {
    const event = events[place];
    place += 1;
    if (event === undefined || event.type === EVENT_ID.POP || event.type === EVENT_ID.DOCUMENT || event.type === EVENT_ID.ALIAS) return undefined;
    if (event.anchorStart !== -1 || event.tagStart !== -1) return undefined;
    if (event.type === EVENT_ID.SCALAR) return scalar(event, text);
    return event.type === EVENT_ID.SEQUENCE ? sequence(event.start) : mapping(event.start);
  };
  const isOver = (): boolean => events[place]?.type === EVENT_ID.POP;

  const sequence = (start: number): SequenceNode | undefined => {
    const items: YamlNode[] = [];
    let hasReference = false;
    let size = 1;
    while (!isOver()) {
      const item = node();
      if (item === undefined) return undefined;
      items.push(item);
      hasReference ||= item.hasReference;
      size += item.size;
    }
    place += 1;
    return { type: 'sequence', items, hasReference, size, start, end: start };
  };

  const mapping = (start: number): MappingNode | undefined => {
    const entries = new Map<string, Entry>();
    let hasReference = false;
    let size = 1;
    while (!isOver()) {
      if (isBlock(events[place])) return undefined;
      const key = node();
      if (key?.type !== 'scalar' || key.value === null || key.source === '<<' || entries.has(key.source)) return undefined;
      const value = node();
      if (value === undefined) return undefined;
      entries.set(key.source, { key: { start: key.start, end: key.end }, value });
      hasReference ||= value.hasReference;
      size += value.size;
    }
    place += 1;
    return { type: 'mapping', entries, hasReference, size, start, end: start };
  };

  const root = node();
  // The document's end, and no second one.
  return root?.type === 'mapping' && isOver() && place === events.length - 1 ? root : undefined;
}

const isBlock = (event: Event | undefined): boolean => event?.type === EVENT_ID.SCALAR && (event.style === SCALAR_STYLE.LITERAL_BLOCK || event.style === SCALAR_STYLE.FOLDED_BLOCK);

function scalar(event: ScalarEvent, text: string): ScalarNode | undefined {
  const source = getScalarValue(text, event);
  const isPlain = event.style === SCALAR_STYLE.PLAIN;
  if (isPlain ? isOtherNumber.test(source) : source.includes('\0')) return undefined;
  const value = isPlain ? plainValue(source) : source;
  const quote = event.style === SCALAR_STYLE.SINGLE_QUOTED || event.style === SCALAR_STYLE.DOUBLE_QUOTED ? 1 : 0;
  return { type: 'scalar', value, source, hasReference: typeof value === 'string' && value.includes('${'), size: 1, start: event.valueStart - quote, end: event.valueEnd + quote };
}

/** Octal, hexadecimal, with an exponent, infinite or none. */
const isOtherNumber = /^(?:0[ox][0-9a-f]+|[-+]?\.(?:inf|nan)|[-+]?[.0-9]+e[-+]?[0-9]+)$/i;
const isDecimal = /^[-+]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)$/;

/** The core schema (yaml.org/spec/1.2.2, 10.3). */
function plainValue(source: string): ScalarNode['value'] {
  switch (source) {
    case '':
    case '~':
    case 'null':
    case 'Null':
    case 'NULL':
      return null;
    case 'true':
    case 'True':
    case 'TRUE':
      return true;
    case 'false':
    case 'False':
    case 'FALSE':
      return false;
    default:
      return isDecimal.test(source) ? Number(source) : source;
  }
}
