import type { BuildOptions } from 'esbuild';
export const webviewOptions: BuildOptions;
