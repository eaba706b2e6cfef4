// How the webviews are bundled, for the build and for the browser tests. Mermaid carries forty diagram types, each a
// dynamic import that one file would have to hold (5.4 MB); only the flowchart and its layout are let in (0.9 MB).
const flowchartOnly = {
  name: 'mermaid-flowchart-only',
  setup(build) {
    build.onResolve({ filter: /./ }, ({ kind, importer, path }) => {
      const wanted = kind !== 'dynamic-import' || !/[\\/]node_modules[\\/]mermaid[\\/]/.test(importer) || /[\\/](flowDiagram|dagre)-/.test(path);
      return wanted ? undefined : { path, namespace: 'left-out' };
    });
    build.onLoad({ filter: /./, namespace: 'left-out' }, ({ path }) => ({ contents: `throw new Error(${JSON.stringify(`${path} is not in this bundle`)});` }));
  },
};

/** Options of `esbuild.build` for the scripts of the panels, each with its style sheet. */
export const webviewOptions = {
  bundle: true,
  platform: 'browser',
  format: 'iife',
  target: 'chrome132',
  legalComments: 'none',
  entryPoints: { graph: 'webview/graph/main.ts', run: 'webview/run/main.ts', mermaid: 'webview/graph/mermaid.ts', 'run-parquet': 'webview/run/parquet.ts', tracker: 'webview/tracker/main.ts', lineage: 'webview/lineage/main.ts', charts: 'webview/charts/main.ts', site: 'webview/site/main.ts' },
  outdir: 'dist/webview',
  tsconfig: 'webview/tsconfig.json',
  plugins: [flowchartOnly],
};
