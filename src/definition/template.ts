/** The pipeline that `runweave init` starts a project with: small, commented, and it runs with Python alone. */
import { yamlText } from './reporter.ts';

export interface TemplateFile {
  /** Relative to the pipeline's folder, with `/`. */
  readonly path: string;
  readonly text: string;
}

/** The pipeline file first, then its sources. `name` becomes the pipeline's name; characters that a name can't have become `-`. */
export function pipelineTemplate(name: string): readonly TemplateFile[] {
  return [
    { path: 'runweave.yaml', text: pipeline(name.replaceAll(/[^A-Za-z0-9_.-]+/g, '-').replaceAll(/^[.-]+|[.-]+$/g, '') || 'pipeline') },
    { path: 'tasks/measure.py', text: measure },
    { path: 'tasks/report.py', text: report },
  ];
}

const pipeline = (name: string): string => `name: ${yamlText(name)}

# Values to try out: change one here, or run with "--set samples=500".
params:
  samples: 200

tasks:
  # A Python script. Saving it, or changing a param that it gets, makes it run again.
  measure:
    python: tasks/measure.py
    params: {samples: "\${params.samples}"}
    outputs: [build/measurements.csv]

  # A Python function: its params are the arguments, and what it returns is recorded.
  report:
    call: tasks.report:summarize
    needs: [measure]
    params: {path: build/measurements.csv}
    inputs: [build/measurements.csv]
`;

const measure = `"""Writes made-up measurements to build/measurements.csv."""
import csv
import os
import random
from pathlib import Path

# Each param of the task is an environment variable.
samples = int(os.environ.get("RUNWEAVE_PARAM_SAMPLES", "200"))

# A fixed seed: the same params give the same file, and what comes after need not run again.
values = random.Random(0)

path = Path("build/measurements.csv")
path.parent.mkdir(exist_ok=True)
with path.open("w", newline="") as file:
    writer = csv.writer(file)
    writer.writerow(["x", "y"])
    for x in range(samples):
        writer.writerow([x, round(2 * x + values.gauss(0, 5), 3)])

print(f"wrote {samples} measurements to {path}")
`;

const report = `import csv
from statistics import linear_regression


def summarize(path):
    """The line that fits the measurements best."""
    with open(path, newline="") as file:
        rows = list(csv.DictReader(file))
    slope, intercept = linear_regression(
        [float(row["x"]) for row in rows], [float(row["y"]) for row in rows]
    )
    print(f"y = {slope:.3f} x + {intercept:.3f}")
    return {"rows": len(rows), "slope": slope, "intercept": intercept}
`;
