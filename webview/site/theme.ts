/** Colours of a site: what the system asks for, or what a person chose. */
import { h } from '../dom.ts';
import { ofBrowser } from './storage.ts';
import { themes, type ThemeName } from './themes.ts';

const names: Readonly<Record<ThemeName, string>> = { light: 'Light', dark: 'Dark', 'high-contrast': 'High contrast' };
const darkness = matchMedia('(prefers-color-scheme: dark)');
const contrast = matchMedia('(prefers-contrast: more)');
let chosen = ofBrowser.get('theme');

const isTheme = (name: unknown): name is ThemeName => typeof name === 'string' && Object.hasOwn(themes, name);

/** Now, and whenever the system asks for another. */
export function applyTheme(): void {
  const name = isTheme(chosen) ? chosen : contrast.matches ? 'high-contrast' : darkness.matches ? 'dark' : 'light';
  const { className, variables } = themes[name];
  const { style } = document.documentElement;
  // Another theme may not have all of them.
  style.cssText = '';
  for (const [variable, value] of Object.entries(variables)) style.setProperty(`--vscode-${variable}`, value);
  style.colorScheme = name === 'light' ? 'light' : 'dark';
  // Controls look at the class to find out that the colours are others.
  document.body.classList.remove(...Object.values(themes).map((theme) => theme.className));
  document.body.classList.add(className);
}

export function themeSwitch(): HTMLElement {
  const select = h('select', { id: 'theme' }, h('option', { value: '' }, 'As the system'), ...Object.entries(names).map(([name, label]) => h('option', { value: name }, label)));
  select.value = isTheme(chosen) ? chosen : '';
  select.addEventListener('change', () => {
    chosen = select.value;
    ofBrowser.set('theme', chosen);
    applyTheme();
  });
  return h('label', { class: 'theme' }, h('span', {}, 'Theme '), select);
}

for (const query of [darkness, contrast]) query.addEventListener('change', applyTheme);
