/**
 * The one seam between a panel and what shows it. In VS Code it is `acquireVsCodeApi`; a page that shows a panel
 * elsewhere puts a `Host` of its own at `globalThis.runweaveHost` before the panel's script runs.
 */
export interface Host<Incoming, Outgoing, State> {
  readonly post: (message: Outgoing) => void;
  readonly onMessage: (handler: (message: Incoming) => void) => void;
  /** Whether there is an editor to ask: without one (a website), a panel shows no action that needs it. */
  readonly editor: boolean;
  /** Survives a reload of the panel. */
  readonly state: { get(): State | undefined; set(state: State): void };
}

interface VsCodeApi {
  postMessage(message: unknown): void;
  getState(): unknown;
  setState(state: unknown): void;
}

declare function acquireVsCodeApi(): VsCodeApi;

export function connectHost<Incoming, Outgoing, State>(): Host<Incoming, Outgoing, State> {
  const given = (globalThis as { runweaveHost?: Host<Incoming, Outgoing, State> }).runweaveHost;
  if (given !== undefined) return given;
  const api = acquireVsCodeApi();
  return {
    editor: true,
    post: (message) => api.postMessage(message),
    onMessage: (handler) =>
      // The editor's messages come from a frame of this origin; the origin of a sandboxed notebook output is `null`.
      window.addEventListener('message', (event: MessageEvent<Incoming>) => {
        if (event.origin === window.origin) handler(event.data);
      }),
    state: { get: () => api.getState() as State | undefined, set: (state) => api.setState(state) },
  };
}
