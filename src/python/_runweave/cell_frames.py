"""Asked of a notebook's kernel after a cell failed."""

import json
import linecache
import sys
import traceback


def cell_frames():
    """JSON of the frames of the last exception; a frame in a cell has the cell's source instead of a file."""
    frames = []
    for frame, line in traceback.walk_tb(getattr(sys.last_value, "__traceback__", None)):
        file = frame.f_code.co_filename
        place = {"line": line, "function": frame.f_code.co_name}
        # ipykernel compiles a cell under the name of a temporary file that does not exist.
        if "ipykernel_" in file or file.startswith("<ipython-input"):
            frames.append({"cell": "".join(linecache.getlines(file)), **place})
        else:
            frames.append({"file": file, **place})
    return json.dumps(frames)
