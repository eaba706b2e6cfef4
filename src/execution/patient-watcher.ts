/**
 * chokidar, but for what it does after a change in a large folder: it reads the folder anew and asks for the stats of
 * all files in it, 4096 at once. In a folder of thousands that costs more than all else that follows from a save, and
 * what the task needs from the file system before it can start would wait behind it.
 *
 * Here a folder is read only if its names may be others than they were. Linux tells that apart: what was written to a
 * file is a `change` of its name, and what comes, goes or gets another name a `rename` (libuv's linux.c, of inotify(7)).
 * The file itself is told of as before. Other systems don't, so there each change is looked at.
 */
import path from 'node:path';
import { FSWatcher, type ChokidarOptions } from 'chokidar';

/** Stats that chokidar asks for at once when it reads a folder while it watches. */
const filesAtOnce = 16;

export class PatientWatcher extends FSWatcher {
  constructor(options: ChokidarOptions) {
    super(options);
    if (process.platform === 'linux') this.#readWhereNamesChanged();
  }

  override _readdirp(...[root, options]: Parameters<FSWatcher['_readdirp']>): ReturnType<FSWatcher['_readdirp']> {
    return super._readdirp(root, this._readyEmitted ? { ...options, highWaterMark: filesAtOnce } : options);
  }

  #readWhereNamesChanged(): void {
    const handler = this._nodeFsHandler;
    const read = handler._handleRead.bind(handler);
    let asked: Request | undefined;
    handler._handleRead = (folder, initialAdd, ...rest) => {
      if (initialAdd || !this._readyEmitted) return read(folder, initialAdd, ...rest);
      const request: Request = { folder, isNeeded: true };
      asked = request;
      // What the event was is told right after this.
      queueMicrotask(() => {
        asked = undefined;
        if (request.isNeeded) void read(folder, initialAdd, ...rest);
      });
      return undefined;
    };
    this.on('raw', (event, name: string | null, details) => {
      const { watchedPath } = details as { readonly watchedPath: string };
      // An event of the folder itself, as when it may be read again, has the folder's name.
      if (asked?.folder === watchedPath && event === 'change' && name !== null && name !== path.basename(watchedPath) && this._getWatchedDir(watchedPath).has(name) === true) asked.isNeeded = false;
    });
  }
}

/** To read a folder anew. */
interface Request {
  readonly folder: string;
  isNeeded: boolean;
}
