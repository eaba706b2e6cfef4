// Loaded by tools that watch with chokidar (`node --require`): writes to $EVENT_FILE when that told of a change of the
// file whose path ends with $EVENT_OF, in Unix milliseconds, once what follows from it has begun.
const { EventEmitter } = require('node:events');
const { writeFileSync } = require('node:fs');

const { emit } = EventEmitter.prototype;
EventEmitter.prototype.emit = function (name, ...values) {
  // Node's own watchers emit `change` as well.
  if (name === 'change' && this.options?.ignoreInitial !== undefined && values[0].endsWith(process.env.EVENT_OF)) {
    const event = performance.timeOrigin + performance.now();
    setTimeout(() => writeFileSync(process.env.EVENT_FILE, String(event)), 50).unref();
  }
  return emit.call(this, name, ...values);
};
