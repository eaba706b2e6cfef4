/** How the editor under test is set: quiet, so that nothing but what is tested appears; in one of the four kinds of theme; trusted or not. */

/** Names, and the class that the workbench has once a theme is applied. */
export const themes = {
  light: { name: 'Light Modern', shownAs: 'vscode-theme-defaults-themes-light_modern-json' },
  dark: { name: 'Dark Modern', shownAs: 'vscode-theme-defaults-themes-dark_modern-json' },
  'high-contrast': { name: 'Default High Contrast', shownAs: 'vscode-theme-defaults-themes-hc_black-json' },
  'high-contrast-light': { name: 'Default High Contrast Light', shownAs: 'vscode-theme-defaults-themes-hc_light-json' },
} as const;

export type Theme = keyof typeof themes;

export type Settings = Readonly<Record<string, unknown>>;

const quiet: Settings = {
  'chat.disableAIFeatures': true,
  'extensions.autoCheckUpdates': false,
  'extensions.autoUpdate': false,
  'extensions.ignoreRecommendations': true,
  // The web's default is afterDelay.
  'files.autoSave': 'off',
  'files.simpleDialog.enable': true,
  'git.openRepositoryInParentFolders': 'never',
  'npm.autoDetect': 'off',
  'security.workspace.trust.banner': 'always',
  'security.workspace.trust.startupPrompt': 'never',
  'telemetry.telemetryLevel': 'off',
  'typescript.tsserver.enabled': false,
  'update.mode': 'none',
  'window.autoDetectColorScheme': false,
  'window.autoDetectHighContrast': false,
  'window.dialogStyle': 'custom',
  'workbench.enableExperiments': false,
  'workbench.secondarySideBar.defaultVisibility': 'hidden',
  'workbench.startupEditor': 'none',
  'workbench.tips.enabled': false,
};

export function themeSettings(theme: Theme): Settings {
  return { 'workbench.colorTheme': themes[theme].name };
}

/** In an untrusted (restricted) window every folder starts without trust, and nobody is asked. */
export function settingsFor(options: { readonly theme: Theme; readonly trusted: boolean; readonly user: Settings }): Settings {
  return { ...quiet, ...themeSettings(options.theme), 'security.workspace.trust.enabled': !options.trusted, ...options.user };
}
