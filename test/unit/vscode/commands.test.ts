import assert from 'node:assert/strict';
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { command, contextKey, view } from '../../../src/vscode/commands.ts';

interface Menu {
  readonly command: string;
  readonly when?: string;
}
interface Manifest {
  readonly activationEvents: readonly string[];
  readonly icon: string;
  readonly capabilities: { readonly untrustedWorkspaces: { readonly supported: unknown; readonly restrictedConfigurations: readonly string[] } };
  readonly contributes: {
    readonly commands: readonly { readonly command: string; readonly title: string; readonly category: string; readonly enablement?: string }[];
    readonly menus: Readonly<Record<string, readonly Menu[]>>;
    readonly views: Readonly<Record<string, readonly { readonly id: string; readonly when?: string }[]>>;
    readonly viewsWelcome: readonly { readonly view: string; readonly when: string; readonly contents: string }[];
    readonly customEditors: readonly { readonly viewType: string; readonly selector: readonly { readonly filenamePattern: string }[] }[];
    readonly configuration: { readonly properties: Readonly<Record<string, unknown>> };
    readonly yamlValidation: readonly { readonly url: string }[];
    readonly viewsContainers: { readonly activitybar: readonly { readonly icon: string }[] };
  };
}

const root = join(import.meta.dirname, '../../..');
const manifest = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as Manifest;
const { contributes } = manifest;
const ids = Object.values(command) as readonly string[];

describe('package.json', () => {
  it('declares exactly the commands that the extension has', () => {
    assert.deepEqual(contributes.commands.map((each) => each.command).toSorted(), ids.toSorted());
    assert.equal(new Set(ids).size, ids.length);
    assert.ok(contributes.commands.every((each) => each.category === 'Runweave' && each.title !== ''));
  });

  it('names only these commands in menus and welcome texts', () => {
    for (const menu of Object.values(contributes.menus).flat()) assert.ok(ids.includes(menu.command), menu.command);
    const links = contributes.viewsWelcome.flatMap(({ contents }) => [...contents.matchAll(/\(command:(runweave\.\w+)\)/g)].map((match) => match[1] ?? ''));
    assert.ok(links.length > 0);
    for (const link of links) assert.ok(ids.includes(link), link);
  });

  it('uses only context keys that the extension sets', () => {
    const known = new Set<string>([...Object.values(contextKey), ...Object.values(view)]);
    const clauses = [
      ...contributes.commands.map((each) => each.enablement ?? ''),
      ...Object.values(contributes.menus).flat().map((menu) => menu.when ?? ''),
      ...Object.values(contributes.views).flat().map((each) => each.when ?? ''),
      ...contributes.viewsWelcome.map((each) => each.when),
    ];
    const used = new Set(clauses.flatMap((clause) => clause.match(/runweave\.\w+/g) ?? []));
    assert.deepEqual([...used].filter((key) => !known.has(key)), []);
    for (const key of Object.values(contextKey)) assert.ok(used.has(key), `${key} is set and never used`);
  });

  it('declares the views and editors', () => {
    assert.deepEqual(Object.values(contributes.views).flat().map((each) => each.id), [view.pipeline, view.runs]);
    assert.deepEqual(contributes.customEditors.map((each) => each.viewType), [view.run, view.file]);
    for (const shown of [`onWebviewPanel:${view.graph}`, 'onFileSystem:runweave-change']) assert.ok(manifest.activationEvents.includes(shown), shown);
  });

  it('declares only settings that are read, and restricts those that choose what runs', () => {
    const sources = readdirSync(join(root, 'src/vscode')).map((file) => readFileSync(join(root, 'src/vscode', file), 'utf8')).join('\n');
    for (const key of Object.keys(contributes.configuration.properties)) assert.ok(sources.includes(`'${key.replace(/^runweave\./, '')}'`), key);
    assert.equal(manifest.capabilities.untrustedWorkspaces.supported, 'limited');
    assert.ok(manifest.capabilities.untrustedWorkspaces.restrictedConfigurations.includes('runweave.python.path'));
  });

  it('names files that are there', () => {
    const files = [manifest.icon, ...contributes.viewsContainers.activitybar.map((each) => each.icon)];
    for (const file of files) assert.ok(existsSync(join(root, file)), file);
    assert.deepEqual(contributes.yamlValidation.map((each) => each.url), ['./media/pipeline.schema.json']);
  });
});
