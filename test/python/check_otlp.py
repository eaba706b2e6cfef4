"""Checks OTLP JSON Lines files against the official protobuf definition, with the reference JSON parser.

Usage: check_otlp.py FILE... Prints one JSON object a file: {"lines": n, "spans": n}. Exits 1 at the first line that is
not exactly a TracesData message: unknown fields count as mistakes.
"""

import base64
import json
import sys

from google.protobuf import json_format
from opentelemetry.proto.trace.v1.trace_pb2 import TracesData

ID_BYTES = {"traceId": 16, "spanId": 8, "parentSpanId": 8}


def ids_as_base64(value):
    """OTLP/JSON writes ids in hex, where protobuf's JSON mapping has base64: the one difference between the two."""
    if isinstance(value, list):
        return [ids_as_base64(item) for item in value]
    if not isinstance(value, dict):
        return value
    converted = {}
    for key, item in value.items():
        if key in ID_BYTES:
            if item != item.lower():
                raise ValueError(f"{key} {item} is not in lower case")
            raw = bytes.fromhex(item)
            if len(raw) != ID_BYTES[key] or not any(raw):
                raise ValueError(f"{key} {item} is no id")
            item = base64.b64encode(raw).decode("ascii")
        converted[key] = ids_as_base64(item)
    return converted


def check(path):
    spans = lines = 0
    with open(path, encoding="utf-8", newline="\n") as file:
        for number, line in enumerate(file, start=1):
            try:
                if not line.endswith("\n"):
                    raise ValueError("the line does not end")
                document = json.loads(line)
                message = json_format.ParseDict(ids_as_base64(document), TracesData(), ignore_unknown_fields=False)
                for resource_spans in message.resource_spans:
                    for scope_spans in resource_spans.scope_spans:
                        for span in scope_spans.spans:
                            if span.end_time_unix_nano < span.start_time_unix_nano or span.start_time_unix_nano == 0:
                                raise ValueError(f"span {span.name} has impossible times")
                            spans += 1
            except (ValueError, json_format.ParseError) as error:
                sys.exit(f"{path}:{number}: {error}")
            lines += 1
    return {"lines": lines, "spans": spans}


for argument in sys.argv[1:]:
    print(json.dumps(check(argument)))
