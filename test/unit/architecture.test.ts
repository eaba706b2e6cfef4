/**
 * Imports point down only. The table is the whole of the rule; what is not in it is a violation, so a new folder asks
 * for its place here. Types count like values: who names another's types knows it.
 */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, it } from 'node:test';
import { globSync } from 'tinyglobby';
import ts from 'typescript';

const root = path.resolve(import.meta.dirname, '../..');

/** Layer → the layers that it may import, from the bottom up. A layer is a folder of `src/`, a file in it, or `webview`. */
const layers: Readonly<Record<string, readonly string[]>> = {
  model: [],
  query: ['model'],
  protocol: ['model', 'query'],
  definition: ['model', 'protocol'],
  fingerprint: ['model', 'protocol', 'definition'],
  recording: ['model', 'protocol'],
  store: ['model', 'protocol', 'recording'],
  // Not recording: the executor does not know OpenTelemetry.
  execution: ['model', 'protocol', 'definition', 'fingerprint'],
  collector: ['model', 'protocol'],
  importers: ['model', 'protocol'],
  exporters: ['model', 'protocol'],
  app: ['model', 'protocol', 'definition', 'fingerprint', 'recording', 'store', 'execution', 'collector', 'query', 'importers', 'exporters'],
  cli: ['model', 'protocol', 'definition', 'fingerprint', 'recording', 'store', 'execution', 'query', 'importers', 'exporters', 'app'],
  vscode: ['model', 'protocol', 'definition', 'fingerprint', 'recording', 'store', 'execution', 'query', 'importers', 'exporters', 'app'],
  webview: ['model', 'protocol', 'query'],
  'cli.ts': ['cli', 'app'],
  'executor.ts': ['app', 'protocol'],
  'spawner.ts': ['execution'],
  'transfer.ts': ['app'],
  'extension.ts': ['vscode', 'protocol'],
};

/** Package → the files that may import it; everything else may not. */
const guarded: readonly { readonly package: RegExp; readonly allowed: RegExp }[] = [
  { package: /^vscode$/, allowed: /^src\/(extension\.ts|vscode\/)/ },
  { package: /^@opentelemetry\//, allowed: /^src\/(recording\/|model\/semantic-conventions\.ts)/ },
];

/** What a file names in imports of every form: static, dynamic, for types, re-exports, `require`. */
function importsOf(file: string, text: string): readonly string[] {
  const found: string[] = [];
  const add = (specifier: ts.Node | undefined): void => {
    found.push(specifier !== undefined && ts.isStringLiteralLike(specifier) ? specifier.text : `(computed: ${specifier?.getText() ?? ''})`);
  };
  const visit = (node: ts.Node): void => {
    if (ts.isImportDeclaration(node)) add(node.moduleSpecifier);
    else if (ts.isExportDeclaration(node) && node.moduleSpecifier !== undefined) add(node.moduleSpecifier);
    else if (ts.isImportTypeNode(node)) add(ts.isLiteralTypeNode(node.argument) ? node.argument.literal : node.argument);
    else if (ts.isExternalModuleReference(node)) add(node.expression);
    else if (ts.isCallExpression(node) && (node.expression.kind === ts.SyntaxKind.ImportKeyword || node.expression.getText() === 'require')) add(node.arguments[0]);
    ts.forEachChild(node, visit);
  };
  visit(ts.createSourceFile(file, text, ts.ScriptTarget.Latest, true));
  return found;
}

function layerOf(file: string): string {
  const [top = '', second = ''] = file.split('/');
  return top === 'src' ? second : top;
}

/** Every import of `file` (relative to the repository, with `/`) that the tables do not allow. */
function violations(file: string, text: string): readonly string[] {
  const layer = layerOf(file);
  const allowed = layers[layer];
  if (allowed === undefined) return [`${file}: ${layer} has no place among the layers`];
  return importsOf(file, text).flatMap((specifier) => {
    const refuse = (why: string): readonly string[] => [`${file} imports ${specifier}: ${why}`];
    if (specifier.startsWith('(computed')) return refuse('what it is cannot be told');
    if (!specifier.startsWith('.')) {
      const guard = guarded.find((each) => each.package.test(specifier));
      return guard !== undefined && !guard.allowed.test(file) ? refuse('not here') : [];
    }
    const target = path.posix.join(path.posix.dirname(file), specifier);
    const below = layerOf(target);
    if (!/^(src|webview)\//.test(target)) return refuse('outside of src and webview');
    return below === layer || allowed.includes(below) ? [] : refuse(`${layer} may not know ${below}`);
  });
}

describe('the layers', () => {
  const files = globSync(['src/**/*.ts', 'webview/**/*.ts'], { cwd: root, ignore: ['**/*.d.ts'] }).sort();

  it('are what the sources keep to', () => {
    assert.ok(files.length > 50, 'the sources were found');
    assert.deepEqual(
      files.flatMap((file) => violations(file, readFileSync(path.join(root, file), 'utf8'))),
      [],
    );
  });

  it('have no cycle, so that there is a bottom', () => {
    const order = Object.keys(layers);
    for (const [layer, below] of Object.entries(layers)) for (const each of below) assert.ok(order.includes(each) && each !== layer && !(layers[each] ?? []).includes(layer), `${layer} → ${each}`);
  });
});

describe('the check', () => {
  const refused: readonly (readonly [file: string, text: string, why: RegExp])[] = [
    ['src/model/a.ts', "import { x } from '../app/session.ts';", /model may not know app/],
    ['src/model/a.ts', "import type { x } from '../app/session.ts';", /model may not know app/],
    ['src/model/a.ts', "export * from '../protocol/session.ts';", /model may not know protocol/],
    ['src/model/a.ts', "import '../cli/x.ts';", /model may not know cli/],
    ['src/execution/task/a.ts', "const x = async () => (await import('../../recording/seal.ts')).y;", /execution may not know recording/],
    ['src/execution/a.ts', "let x: import('../app/session.ts').Session;", /execution may not know app/],
    ['src/execution/a.ts', 'const name = "../app/session.ts"; await import(name);', /cannot be told/],
    ['src/cli/a.ts', "import { x } from '../vscode/x.ts';", /cli may not know vscode/],
    ['src/vscode/a.ts', "import { x } from '../cli/x.ts';", /vscode may not know cli/],
    ['src/vscode/a.ts', "import { x } from '../extension.ts';", /vscode may not know extension\.ts/],
    ['src/cli/a.ts', "import * as vscode from 'vscode';", /not here/],
    ['src/executor.ts', "const vscode = require('vscode');", /not here/],
    ['src/app/a.ts', "await import('@opentelemetry/api');", /not here/],
    ['src/model/other.ts', "import { x } from '@opentelemetry/semantic-conventions';", /not here/],
    ['webview/graph/a.ts', "import { x } from '../../src/app/session.ts';", /webview may not know app/],
    ['webview/graph/a.ts', "import { x } from '../../test/x.ts';", /outside of src and webview/],
    ['src/new/a.ts', '', /new has no place among the layers/],
  ];
  for (const [file, text, why] of refused) {
    it(`refuses \`${text || file}\` in ${file}`, () => {
      const found = violations(file, text);
      assert.equal(found.length, 1);
      assert.match(found[0] ?? '', why);
    });
  }

  const accepted: readonly (readonly [file: string, text: string])[] = [
    ['src/app/a.ts', "import { x } from '../model/x.ts'; import y from 'node:path'; import z from 'yaml'; await import('../recording/seal.ts');"],
    ['src/vscode/a.ts', "import * as vscode from 'vscode'; import { x } from './b.ts';"],
    ['src/recording/a.ts', "import { x } from '@opentelemetry/api';"],
    ['src/model/semantic-conventions.ts', "import { x } from '@opentelemetry/semantic-conventions';"],
    ['webview/graph/a.ts', "import { x } from '../../src/protocol/run-view.ts'; import { y } from '../shared/y.ts';"],
    ['src/cli/a.ts', "// import { x } from '../vscode/x.ts';\nconst text = \"import { x } from '../vscode/x.ts'\";"],
  ];
  for (const [file, text] of accepted) it(`accepts \`${text}\` in ${file}`, () => assert.deepEqual(violations(file, text), []));
});
