/** VS Code's own controls, from @vscode/webview-ui-toolkit. */
import { provideVSCodeDesignSystem, vsCodeButton, vsCodeCheckbox, vsCodeTextField } from '@vscode/webview-ui-toolkit';
import { h, type Child } from './dom.ts';

/** The parts of the controls' interfaces that we set. */
type Button = HTMLElement & { disabled: boolean };
type Checkbox = HTMLElement & { checked: boolean };
type TextField = HTMLElement & { value: string };

export function registerControls(): void {
  provideVSCodeDesignSystem().register(vsCodeButton(), vsCodeCheckbox(), vsCodeTextField());
}

export function button(look: 'primary' | 'secondary' | 'icon', label: string, onClick: () => void, ...content: readonly Child[]): Button {
  return h('vscode-button', { appearance: look, onclick: onClick, ...(look === 'icon' && { 'aria-label': label, title: label }) }, ...(content.length > 0 ? content : [label])) as Button;
}

export function checkbox(label: string, onToggle: (checked: boolean) => void): Checkbox {
  const box = h('vscode-checkbox', {}, label) as Checkbox;
  box.addEventListener('change', () => onToggle(box.checked));
  return box;
}

export function searchField(label: string, onInput: (text: string) => void): TextField {
  const field = h('vscode-text-field', { placeholder: label, 'aria-label': label }) as TextField;
  field.addEventListener('input', () => onInput(field.value));
  return field;
}
