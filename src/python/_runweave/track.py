"""`os.environ["RUNWEAVE_TRACK_accuracy"] = "0.9"`, as code written for runnable has it: reported when it is set."""

import json
import os


def line(name, value):
    """What is told of an assignment to `os.environ`, which Python raises the audit event `os.putenv` for."""
    report = {"type": "tracked", "name": os.fsdecode(name), "value": os.fsdecode(value)}
    return json.dumps(report) + "\n"
