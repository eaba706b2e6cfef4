/** What is asked of the disk about a pipeline file: paths are absolute. */
export interface Disk {
  readonly fileExists: (path: string) => boolean;
  /** Of an input that no task makes, and of a source that is no file: a folder will do. */
  readonly exists: (path: string) => boolean;
}
