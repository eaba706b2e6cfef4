"""The official definition of OTLP, for a comparison: its fields, and random messages in each encoding.

Usage: otlp_messages.py SEED COUNT. Prints one JSON object: {"fields": {message: {name: [number, type, repeated]}},
"requests": [[message, protobuf in base64, JSON, JSON with the names of the definition]]}.
"""

import base64
import json
import random
import sys

from google.protobuf import json_format
from google.protobuf.descriptor import FieldDescriptor
from opentelemetry.proto.collector.logs.v1 import logs_service_pb2
from opentelemetry.proto.collector.metrics.v1 import metrics_service_pb2
from opentelemetry.proto.collector.trace.v1 import trace_service_pb2

requests = [
    trace_service_pb2.ExportTraceServiceRequest,
    metrics_service_pb2.ExportMetricsServiceRequest,
    logs_service_pb2.ExportLogsServiceRequest,
]
PREFIX = "opentelemetry.proto."
TYPES = {value: name[5:].lower() for name, value in vars(FieldDescriptor).items() if name.startswith("TYPE_")}
ID_BYTES = {"trace_id": 16, "span_id": 8, "parent_span_id": 8}
choose = random.Random(int(sys.argv[1]))


def is_repeated(field):
    return field.is_repeated


def fields_of(descriptor, found):
    name = descriptor.full_name.removeprefix(PREFIX)
    if name in found:
        return found
    found[name] = {f.json_name: [f.number, TYPES[f.type], is_repeated(f)] for f in descriptor.fields}
    for field in descriptor.fields:
        if field.message_type is not None:
            fields_of(field.message_type, found)
    return found


def value_of(field, depth):
    kind = TYPES[field.type]
    if kind == "message":
        return None
    if kind == "string":
        return choose.choice(["", "x", "ä☃\n", "a" * 300])
    if kind == "bytes":
        return choose.randbytes(ID_BYTES.get(field.name, choose.randrange(20)))
    if kind == "bool":
        return choose.random() < 0.5
    if kind == "double":
        return choose.choice([0.0, -1.5, 1e300, 5e-324, float("inf"), float("-inf"), 3.0])
    if kind == "enum":
        return choose.choice(field.enum_type.values).number
    bits = 64 if kind.endswith("64") else 32
    top = 2 ** (bits if kind[0] in "uf" else bits - 1) - 1
    return choose.choice([0, 1, 127, 128, top, choose.randrange(top)] + ([] if kind[0] in "uf" else [-1, -top]))


def fill(message, depth=0):
    taken = set()
    for field in message.DESCRIPTOR.fields:
        if choose.random() < 0.35 and depth > 2:
            continue
        if field.containing_oneof is not None and field.containing_oneof.name in taken:
            continue
        if field.message_type is not None and depth > 9:
            continue
        if field.containing_oneof is not None:
            if choose.random() < 0.5:
                continue
            taken.add(field.containing_oneof.name)
        # Something in every request, and no more than a few of everything.
        count = choose.randrange(1 if depth < 3 else 0, 3) if is_repeated(field) else 1
        for _ in range(count):
            if field.message_type is not None:
                part = getattr(message, field.name)
                if is_repeated(field):
                    fill(part.add(), depth + 1)
                else:
                    part.SetInParent()
                    fill(part, depth + 1)
            elif is_repeated(field):
                getattr(message, field.name).append(value_of(field, depth))
            else:
                setattr(message, field.name, value_of(field, depth))
    return message


fields = {}
for request in requests:
    fields_of(request.DESCRIPTOR, fields)
made = []
for index in range(int(sys.argv[2])):
    request = requests[index % 3]
    message = fill(request())
    made.append(
        [
            request.DESCRIPTOR.full_name.removeprefix(PREFIX),
            base64.b64encode(message.SerializeToString()).decode("ascii"),
            json_format.MessageToJson(message),
            json_format.MessageToJson(message, preserving_proto_field_name=True),
        ]
    )
print(json.dumps({"fields": fields, "requests": made}))
