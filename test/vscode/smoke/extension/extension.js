// The least that the harness can be proved with: a command, a setting, a webview that talks back, the state of trust.
const vscode = require('vscode');

const greeting = () => vscode.workspace.getConfiguration('fixture').get('greeting');

const html = () => `<!doctype html><meta charset="utf-8">
<button>press</button><p id="greeting">${greeting()}</p><p id="trusted">${vscode.workspace.isTrusted}</p><p id="pressed">0</p>
<script>
  const api = acquireVsCodeApi();
  document.querySelector('button').onclick = () => api.postMessage('pressed');
  window.onmessage = ({ data }) => { document.querySelector('#' + data.id).textContent = data.text; };
</script>`;

exports.activate = (context) => {
  const open = () => {
    const panel = vscode.window.createWebviewPanel('fixture', 'Fixture', vscode.ViewColumn.One, { enableScripts: true });
    let pressed = 0;
    panel.webview.onDidReceiveMessage(() => panel.webview.postMessage({ id: 'pressed', text: String(++pressed) }));
    const changes = vscode.workspace.onDidChangeConfiguration(() => panel.webview.postMessage({ id: 'greeting', text: greeting() }));
    panel.onDidDispose(() => changes.dispose());
    panel.webview.html = html();
  };
  context.subscriptions.push(vscode.commands.registerCommand('fixture.open', open));
};
