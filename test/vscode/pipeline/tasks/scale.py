import os
from pathlib import Path

import runweave

factor = int(os.environ["RUNWEAVE_PARAM_FACTOR"])
numbers = [factor * int(line) for line in Path("build/sorted.txt").read_text().split()]
Path(f"build/scaled-{factor}.txt").write_text("\n".join(map(str, numbers)))
runweave.log_metric("sum", sum(numbers))
