/** What `vscode.Disposable` is for its users, as an interface: the class has private parts that our own objects lack. */
export interface Disposable {
  readonly dispose: () => unknown;
}
