"""Writes scikit-learn's handwritten digits to one file: 1797 images of 8 × 8 pixels, and what digit each shows.

It reports with OpenTelemetry alone, and knows nothing of Runweave: the environment says where to.
"""

import logging
import os
from pathlib import Path

import numpy as np
from opentelemetry import metrics, trace
from opentelemetry._logs import set_logger_provider
from opentelemetry.exporter.otlp.proto.http._log_exporter import OTLPLogExporter
from opentelemetry.exporter.otlp.proto.http.metric_exporter import OTLPMetricExporter
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk._logs import LoggerProvider, LoggingHandler
from opentelemetry.sdk._logs.export import BatchLogRecordProcessor
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import PeriodicExportingMetricReader
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from sklearn.datasets import load_digits

# The providers send what is left when the interpreter exits.
tracers = TracerProvider()
tracers.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
trace.set_tracer_provider(tracers)
metrics.set_meter_provider(MeterProvider([PeriodicExportingMetricReader(OTLPMetricExporter())]))
loggers = LoggerProvider()
loggers.add_log_record_processor(BatchLogRecordProcessor(OTLPLogExporter()))
set_logger_provider(loggers)

digits_file = Path(os.environ.get("RUNWEAVE_PARAM_DIGITS_FILE", "build/data/digits.npz"))
tracer = trace.get_tracer("digits.ingest")
meter = metrics.get_meter("digits.ingest")
logger = logging.getLogger("digits.ingest")
logger.setLevel(logging.INFO)
logger.addHandler(LoggingHandler(logger_provider=loggers))

with tracer.start_as_current_span("load", attributes={"dataset": "UCI optical recognition of handwritten digits, test set"}):
    images, labels = load_digits(return_X_y=True)
    images = images.astype(np.float32)
    logger.info("%d images of %d pixels", *images.shape)

with tracer.start_as_current_span("write", attributes={"file.path": str(digits_file)}) as span:
    digits_file.parent.mkdir(parents=True, exist_ok=True)
    np.savez(digits_file, images=images, labels=labels)
    span.set_attribute("file.size", digits_file.stat().st_size)

meter.create_gauge("nr_images").set(len(images))
meter.create_gauge("nr_pixels").set(images.shape[1])
print(f"{len(images)} images written to {digits_file}")
