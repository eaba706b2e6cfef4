/** Values that VS Code gives its webviews in its default themes. A panel has no other source of colours, so a website gives it the same. */
type Theme = Readonly<Record<string, string>>;

const common: Theme = { 'font-family': '"Segoe UI", system-ui, "DejaVu Sans", sans-serif', 'font-size': '13px', 'font-weight': 'normal', 'editor-font-family': '"DejaVu Sans Mono", monospace', 'editor-font-size': '12px' };

export const themes: Readonly<Record<'dark' | 'light' | 'high-contrast', { readonly className: string; readonly variables: Theme }>> = {
  dark: {
    className: 'vscode-dark',
    variables: {
      ...common,
      'terminal-ansiBlack': '#000000', 'terminal-ansiRed': '#cd3131', 'terminal-ansiGreen': '#0dbc79', 'terminal-ansiYellow': '#e5e510', 'terminal-ansiBlue': '#2472c8', 'terminal-ansiMagenta': '#bc3fbc', 'terminal-ansiCyan': '#11a8cd', 'terminal-ansiWhite': '#e5e5e5', 'terminal-ansiBrightBlack': '#666666', 'terminal-ansiBrightRed': '#f14c4c', 'terminal-ansiBrightGreen': '#23d18b', 'terminal-ansiBrightYellow': '#f5f543', 'terminal-ansiBrightBlue': '#3b8eea', 'terminal-ansiBrightMagenta': '#d670d6', 'terminal-ansiBrightCyan': '#29b8db', 'terminal-ansiBrightWhite': '#e5e5e5',
      foreground: '#cccccc', descriptionForeground: '#9d9d9d', errorForeground: '#f85149', focusBorder: '#0078d4', 'icon-foreground': '#cccccc',
      'editor-background': '#1f1f1f', 'editor-foreground': '#cccccc', 'editorWidget-background': '#202020', 'editorWidget-border': '#454545', 'editorHoverWidget-background': '#202020', 'editorHoverWidget-border': '#454545', 'editorHoverWidget-foreground': '#cccccc',
      'panel-border': '#2b2b2b', 'widget-shadow': '#0000005c', 'editorIndentGuide-activeBackground1': '#707070', 'toolbar-hoverBackground': '#5a5d5e50', 'list-hoverBackground': '#2a2d2e', 'list-activeSelectionBackground': '#04395e', 'list-activeSelectionForeground': '#ffffff',
      'textLink-foreground': '#4daafc', 'textLink-activeForeground': '#4daafc', 'textCodeBlock-background': '#2b2b2b', 'diffEditor-insertedLineBackground': '#9bb95533', 'diffEditor-removedLineBackground': '#ff000033',
      'testing-iconPassed': '#73c991', 'testing-iconFailed': '#f14c4c', 'testing-iconSkipped': '#848484', 'charts-blue': '#3794ff', 'charts-yellow': '#cca700', 'charts-green': '#89d185', 'charts-red': '#f14c4c', 'charts-orange': '#d18616', 'charts-purple': '#b180d7', 'editorWarning-foreground': '#cca700', 'progressBar-background': '#0078d4',
      'button-background': '#0078d4', 'button-foreground': '#ffffff', 'button-hoverBackground': '#026ec1', 'button-border': '#ffffff12', 'button-secondaryBackground': '#313131', 'button-secondaryForeground': '#cccccc', 'button-secondaryHoverBackground': '#3c3c3c',
      'input-background': '#313131', 'input-foreground': '#cccccc', 'input-border': '#3c3c3c', 'input-placeholderForeground': '#989898', 'checkbox-background': '#313131', 'checkbox-border': '#3c3c3c', 'checkbox-foreground': '#cccccc', 'settings-textInputBackground': '#313131', 'settings-textInputForeground': '#cccccc', 'settings-textInputBorder': '#3c3c3c',
      'inputValidation-errorBackground': '#5a1d1d', 'inputValidation-errorBorder': '#be1100', 'inputValidation-warningBackground': '#352a05', 'inputValidation-warningBorder': '#b89500', 'panelTitle-activeBorder': '#0078d4', 'panelTitle-activeForeground': '#cccccc', 'panelTitle-inactiveForeground': '#9d9d9d', 'badge-background': '#616161', 'badge-foreground': '#f8f8f8', 'scrollbarSlider-background': '#79797966',
    },
  },
  light: {
    className: 'vscode-light',
    variables: {
      ...common,
      'terminal-ansiBlack': '#000000', 'terminal-ansiRed': '#cd3131', 'terminal-ansiGreen': '#107c10', 'terminal-ansiYellow': '#949800', 'terminal-ansiBlue': '#0451a5', 'terminal-ansiMagenta': '#bc05bc', 'terminal-ansiCyan': '#0598bc', 'terminal-ansiWhite': '#555555', 'terminal-ansiBrightBlack': '#666666', 'terminal-ansiBrightRed': '#cd3131', 'terminal-ansiBrightGreen': '#14ce14', 'terminal-ansiBrightYellow': '#b5ba00', 'terminal-ansiBrightBlue': '#0451a5', 'terminal-ansiBrightMagenta': '#bc05bc', 'terminal-ansiBrightCyan': '#0598bc', 'terminal-ansiBrightWhite': '#a5a5a5',
      foreground: '#3b3b3b', descriptionForeground: '#3b3b3b', errorForeground: '#f85149', focusBorder: '#005fb8', 'icon-foreground': '#3b3b3b',
      'editor-background': '#ffffff', 'editor-foreground': '#3b3b3b', 'editorWidget-background': '#f8f8f8', 'editorWidget-border': '#c8c8c8', 'editorHoverWidget-background': '#f8f8f8', 'editorHoverWidget-border': '#c8c8c8', 'editorHoverWidget-foreground': '#3b3b3b',
      'panel-border': '#e5e5e5', 'widget-shadow': '#00000029', 'editorIndentGuide-activeBackground1': '#939393', 'toolbar-hoverBackground': '#b8b8b850', 'list-hoverBackground': '#f2f2f2', 'list-activeSelectionBackground': '#e8e8e8', 'list-activeSelectionForeground': '#000000',
      'textLink-foreground': '#005fb8', 'textLink-activeForeground': '#005fb8', 'diffEditor-insertedLineBackground': '#9bb95533', 'diffEditor-removedLineBackground': '#ff000033', 'textCodeBlock-background': '#f8f8f8',
      'testing-iconPassed': '#388a34', 'testing-iconFailed': '#c72e0f', 'testing-iconSkipped': '#848484', 'charts-blue': '#1a85ff', 'charts-yellow': '#bf8803', 'charts-green': '#388a34', 'charts-red': '#e51400', 'charts-orange': '#d18616', 'charts-purple': '#652d90', 'editorWarning-foreground': '#bf8803', 'progressBar-background': '#005fb8',
      'button-background': '#005fb8', 'button-foreground': '#ffffff', 'button-hoverBackground': '#0258a8', 'button-border': '#0000001a', 'button-secondaryBackground': '#e5e5e5', 'button-secondaryForeground': '#3b3b3b', 'button-secondaryHoverBackground': '#cccccc',
      'input-background': '#ffffff', 'input-foreground': '#3b3b3b', 'input-border': '#cecece', 'input-placeholderForeground': '#767676', 'checkbox-background': '#f8f8f8', 'checkbox-border': '#cecece', 'checkbox-foreground': '#3b3b3b', 'settings-textInputBackground': '#ffffff', 'settings-textInputForeground': '#3b3b3b', 'settings-textInputBorder': '#cecece',
      'inputValidation-errorBackground': '#f2dede', 'inputValidation-errorBorder': '#be1100', 'inputValidation-warningBackground': '#f6f5d2', 'inputValidation-warningBorder': '#b89500', 'panelTitle-activeBorder': '#005fb8', 'panelTitle-activeForeground': '#3b3b3b', 'panelTitle-inactiveForeground': '#3b3b3b', 'badge-background': '#cccccc', 'badge-foreground': '#3b3b3b', 'scrollbarSlider-background': '#64646466',
    },
  },
  'high-contrast': {
    className: 'vscode-high-contrast',
    variables: {
      ...common,
      'terminal-ansiBlack': '#000000', 'terminal-ansiRed': '#cd0000', 'terminal-ansiGreen': '#00cd00', 'terminal-ansiYellow': '#cdcd00', 'terminal-ansiBlue': '#0000ee', 'terminal-ansiMagenta': '#cd00cd', 'terminal-ansiCyan': '#00cdcd', 'terminal-ansiWhite': '#e5e5e5', 'terminal-ansiBrightBlack': '#7f7f7f', 'terminal-ansiBrightRed': '#ff0000', 'terminal-ansiBrightGreen': '#00ff00', 'terminal-ansiBrightYellow': '#ffff00', 'terminal-ansiBrightBlue': '#5c5cff', 'terminal-ansiBrightMagenta': '#ff00ff', 'terminal-ansiBrightCyan': '#00ffff', 'terminal-ansiBrightWhite': '#ffffff',
      foreground: '#ffffff', descriptionForeground: '#ffffffb3', errorForeground: '#f48771', focusBorder: '#f38518', contrastBorder: '#6fc3df', contrastActiveBorder: '#f38518', 'icon-foreground': '#ffffff',
      'editor-background': '#000000', 'editor-foreground': '#ffffff', 'editorWidget-background': '#0c141f', 'editorWidget-border': '#6fc3df', 'editorHoverWidget-background': '#0c141f', 'editorHoverWidget-border': '#6fc3df', 'editorHoverWidget-foreground': '#ffffff',
      'panel-border': '#6fc3df', 'editorIndentGuide-activeBackground1': '#ffffff', 'list-focusOutline': '#f38518',
      'textLink-foreground': '#21a6ff', 'textLink-activeForeground': '#21a6ff', 'textCodeBlock-background': '#000000',
      'testing-iconPassed': '#73c991', 'testing-iconFailed': '#f14c4c', 'testing-iconSkipped': '#848484', 'charts-blue': '#3794ff', 'charts-yellow': '#ffd700', 'charts-green': '#89d185', 'charts-red': '#f48771', 'charts-orange': '#d18616', 'charts-purple': '#b180d7', 'editorWarning-foreground': '#ffd370', 'progressBar-background': '#6fc3df',
      'button-background': '#000000', 'button-foreground': '#ffffff', 'button-border': '#6fc3df', 'button-secondaryBackground': '#000000', 'button-secondaryForeground': '#ffffff',
      'input-background': '#000000', 'input-foreground': '#ffffff', 'input-border': '#6fc3df', 'input-placeholderForeground': '#ffffffb3', 'checkbox-background': '#000000', 'checkbox-border': '#6fc3df', 'checkbox-foreground': '#ffffff', 'settings-textInputBackground': '#000000', 'settings-textInputForeground': '#ffffff', 'settings-textInputBorder': '#6fc3df',
      'inputValidation-errorBackground': '#5a1d1d', 'inputValidation-errorBorder': '#be1100', 'panelTitle-activeBorder': '#6fc3df', 'panelTitle-activeForeground': '#ffffff', 'panelTitle-inactiveForeground': '#ffffff', 'badge-background': '#000000', 'badge-foreground': '#ffffff',
    },
  },
};

export type ThemeName = keyof typeof themes;
