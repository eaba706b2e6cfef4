"""Puts runs into an MLflow database: mlflow_store.py DATABASE RUNS, where RUNS is a file with a JSON object a line.

Written with MLflow's own tables, in bulk: through its client, 10,000 runs take many minutes. Of each series only the
last value, which is what a search looks at; MLflow has less to hold than it would.
"""

import json
import sys

from mlflow.entities import SourceType
from mlflow.store.tracking.dbmodels.models import SqlLatestMetric, SqlMetric, SqlParam, SqlRun, SqlTag
from mlflow.store.tracking.sqlalchemy_store import SqlAlchemyStore

database, runs = sys.argv[1:]
store = SqlAlchemyStore(f"sqlite:///{database}", "/tmp")
rows = {table: [] for table in (SqlRun, SqlMetric, SqlLatestMetric, SqlParam, SqlTag)}
with open(runs) as lines:
    for number, line in enumerate(lines):
        run = json.loads(line)
        uuid = f"{number:032x}"
        rows[SqlRun].append(
            {"run_uuid": uuid, "name": run["id"], "source_type": SourceType.to_string(SourceType.LOCAL), "user_id": "", "status": run["status"], "start_time": run["start"], "end_time": run["end"], "lifecycle_stage": "active", "experiment_id": 0, "artifact_uri": "/tmp"}
        )
        rows[SqlTag].append({"key": "mlflow.runName", "value": run["id"], "run_uuid": uuid})
        rows[SqlTag].append({"key": "branch", "value": run["branch"], "run_uuid": uuid})
        rows[SqlParam].extend({"key": key, "value": value, "run_uuid": uuid} for key, value in run["params"].items())
        for key, value in run["metrics"].items():
            metric = {"key": key, "value": value, "timestamp": run["end"], "step": 0, "is_nan": False, "run_uuid": uuid}
            rows[SqlMetric].append(metric)
            rows[SqlLatestMetric].append(metric)
with store.ManagedSessionMaker() as session:
    for table, values in rows.items():
        session.bulk_insert_mappings(table, values)
print(len(rows[SqlRun]))
