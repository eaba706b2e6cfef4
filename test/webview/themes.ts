export { themes, type ThemeName } from '../../webview/site/themes.ts';
