import { webviewOptions } from '../../webview/bundle.mjs';
webviewOptions.alias = { mermaid: '/tmp/wv/node_modules/mermaid' };
await import('./graph.test.ts');
