"""Waits for a file to be gone when there is one, so that a test can act in the middle of a run."""
import time
from pathlib import Path

while Path("hold").exists():
    time.sleep(0.05)
print("all done")
