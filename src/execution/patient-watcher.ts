/**
 * chokidar, but for what it does after a change in a large folder: it reads the folder anew and asks for the stats of
 * all files in it, 4096 at once. In a folder of thousands that costs more than all else that follows from a save, and
 * what the task needs from the file system before it can start would wait behind it. Tasks that write thousands of
 * files made it read them thousands of times.
 *
 * Linux says what an event is about: what was written to a file is a `change` of its name, and what comes, goes or gets
 * another name a `rename` (libuv's linux.c, of inotify(7)). So of a file only that file is looked at, as chokidar would
 * when it finds it in the folder. All else (folders, links, events without a name) and other systems are left to it.
 */
import { lstatSync } from 'node:fs';
import path from 'node:path';
import { FSWatcher, type ChokidarOptions } from 'chokidar';

/** Stats that chokidar asks for at once when it reads a folder while it watches. */
const filesAtOnce = 16;

/** To read a folder anew. */
interface Request {
  readonly folder: string;
  /** What the event was, once it is told. */
  event?: { readonly type: 'change' | 'rename'; readonly name: string };
}

export class PatientWatcher extends FSWatcher {
  constructor(options: ChokidarOptions) {
    super(options);
    if (process.platform === 'linux') this.#lookAtNames();
  }

  override _readdirp(...[root, options]: Parameters<FSWatcher['_readdirp']>): ReturnType<FSWatcher['_readdirp']> {
    return super._readdirp(root, this._readyEmitted ? { ...options, highWaterMark: filesAtOnce } : options);
  }

  #lookAtNames(): void {
    const handler = this._nodeFsHandler;
    const read = handler._handleRead.bind(handler);
    let asked: Request | undefined;
    handler._handleRead = (folder, initialAdd, helper, target, directory, depth, throttler) => {
      const readAll = (): Promise<unknown> | undefined => read(folder, initialAdd, helper, target, directory, depth, throttler);
      if (initialAdd || target !== undefined || !this._readyEmitted) return readAll();
      const request: Request = { folder };
      asked = request;
      // What the event was is told right after this.
      queueMicrotask(() => {
        asked = undefined;
        if (this.closed) return;
        const { event } = request;
        const found = event === undefined ? 'unclear' : this.#lookAt(folder, event);
        if (event !== undefined && found === 'new') {
          this._incrReadyCount();
          void handler._addToNodeFs(path.join(directory, event.name), false, helper, depth + 1);
        } else if (event !== undefined && found === 'gone') this._remove(folder, event.name);
        else if (found === 'unclear') void readAll();
      });
      return undefined;
    };
    this.on('raw', (type, name: string | null, details) => {
      const { watchedPath } = details as { readonly watchedPath: string };
      // An event of the folder itself, as when it may be read again, has the folder's name.
      if (asked?.folder === watchedPath && name !== null && name !== path.basename(watchedPath)) asked.event = { type, name };
    });
  }

  /** What has become of a file; `unclear` for all that is no file, or was none. */
  #lookAt(folder: string, { type, name }: NonNullable<Request['event']>): 'known' | 'new' | 'gone' | 'nothing' | 'unclear' {
    const file = path.join(folder, name);
    const isKnown = this._getWatchedDir(folder).has(name) === true;
    if (type === 'change' && isKnown) return 'known';
    if (this._watched.has(file) || this._symlinkPaths.has(file)) return 'unclear';
    try {
      const stats = lstatSync(file, { throwIfNoEntry: false });
      if (stats === undefined) return isKnown ? 'gone' : 'nothing';
      if (!stats.isFile()) return 'unclear';
      return isKnown ? 'known' : 'new';
    } catch {
      return 'unclear';
    }
  }
}
