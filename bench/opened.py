"""When a program is started: `python3 bench/opened.py FILE` writes the time (Unix milliseconds) each time that the file is opened.

Linux opens a program's file to execute it, when the process is there already; inotify(7) tells of it. Where that is
allowed (as root), this process does not wait for its turn then: with all cores at work, it would tell of it the later.
"""

import ctypes
import os
import sys
import time

IN_OPEN = 0x20

try:
    os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(1))
except PermissionError:
    pass
libc = ctypes.CDLL(None, use_errno=True)
events = libc.inotify_init()
if events < 0 or libc.inotify_add_watch(events, os.fsencode(os.path.realpath(sys.argv[1])), IN_OPEN) < 0:
    sys.exit(os.strerror(ctypes.get_errno()))
print("ready", flush=True)
while os.read(events, 65536):
    print(time.time_ns() / 1e6, flush=True)
