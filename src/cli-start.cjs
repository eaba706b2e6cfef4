#!/usr/bin/env node
'use strict';
// Starts the command line (`cli.ts`, bundled), and keeps what V8 makes of its code for the next start: to compile it
// took a fifth of a run that has nothing to do. In a folder of the user's own, not in the temporary folder that all
// share, as what is found there is executed. `NODE_DISABLE_COMPILE_CACHE=1` switches it off.
const { enableCompileCache } = require('node:module');
const { homedir } = require('node:os');
const { join } = require('node:path');

const caches = process.platform === 'win32' ? process.env.LOCALAPPDATA : process.env.XDG_CACHE_HOME || join(homedir(), '.cache');
// From Node 22.8 on.
if (enableCompileCache !== undefined && caches !== undefined && caches !== '') enableCompileCache(join(caches, 'runweave', 'code'));
require('./command-line.cjs');
