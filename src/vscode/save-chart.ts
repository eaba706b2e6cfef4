/** Where a chart is saved to is asked for each time. */
import * as vscode from 'vscode';
import type { ChartFile, SaveChart } from '../protocol/chart-file.ts';
import { safeFileName } from './record-files.ts';

const formats: Readonly<Record<ChartFile['format'], string>> = { png: 'Image', svg: 'Drawing', csv: 'Comma-separated values' };

/** `folder`: what is suggested. */
export async function saveChart(folder: string, { name, file }: SaveChart): Promise<void> {
  const { format } = file;
  const target = await vscode.window.showSaveDialog({ defaultUri: vscode.Uri.joinPath(vscode.Uri.file(folder), `${safeFileName(name)}.${format}`), filters: { [formats[format]]: [format] } });
  if (target !== undefined) await vscode.workspace.fs.writeFile(target, file.format === 'png' ? Buffer.from(file.base64, 'base64') : new TextEncoder().encode(file.text));
}
