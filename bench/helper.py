"""What a value costs that a Python task reports: `PYTHONPATH=src/python python3 bench/helper.py [POINTS]`."""

import os
import sys
import tempfile
import time

points = int(sys.argv[1]) if len(sys.argv) > 1 else 100_000
with tempfile.TemporaryDirectory() as folder:
    os.environ["RUNWEAVE_LOG"] = os.path.join(folder, "log.jsonl")
    import runweave

    start = time.process_time()
    for step in range(points):
        runweave.log_metric("loss", 1 / (step + 1), step=step)
    spent = time.process_time() - start
    size = os.path.getsize(os.environ["RUNWEAVE_LOG"])
print(f"{points} points: {spent:.2f} s of processor time, {spent / points * 1e6:.1f} us each, {size / points:.0f} bytes each")
