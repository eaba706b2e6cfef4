/** What an editor would do, by a browser's means. */
import type { SaveChart } from '../../src/protocol/chart-file.ts';
import { h } from '../dom.ts';
import { blobOf } from './data.ts';

export async function copyText(text: string): Promise<void> {
  await navigator.clipboard.writeText(text);
}

/** Into the folder for downloads, under the last part of the name. */
export function download(blob: Blob, name: string): void {
  const link = h('a', { download: name.replace(/^.*[/\\](?=.)/s, '') });
  link.href = URL.createObjectURL(blob);
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
}

export function saveChart({ name, file }: SaveChart): void {
  const blob = file.format === 'png' ? blobOf({ type: 'base64', data: file.base64 }) : blobOf({ type: 'utf8', text: file.text });
  download(blob, `${name}.${file.format}`);
}

/** Text in a dialog; what is no text is downloaded. */
export async function openContent(blob: Blob, name: string): Promise<void> {
  let text: string;
  try {
    text = new TextDecoder('utf-8', { fatal: true }).decode(await blob.arrayBuffer());
  } catch {
    download(blob, name);
    return;
  }
  const close = h('button', { class: 'link', onclick: () => dialog.close() }, 'Close');
  const dialog = h('dialog', { class: 'content', 'aria-label': name }, h('div', { class: 'content-head' }, h('h2', {}, name), h('button', { class: 'link', onclick: () => download(blob, name) }, 'Download'), close), h('pre', { tabindex: 0, class: 'content-text' }, text));
  dialog.addEventListener('close', () => dialog.remove());
  document.body.append(dialog);
  dialog.showModal();
}

export function tell(message: string): void {
  const banner = h('p', { class: 'site-message', role: 'alert' }, message);
  document.querySelector('.site-bar')?.after(banner);
  setTimeout(() => banner.remove(), 8000);
}
