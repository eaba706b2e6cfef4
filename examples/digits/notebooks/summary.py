# ---
# jupyter:
#   jupytext:
#     text_representation:
#       extension: .py
#       format_name: percent
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---

# %% [markdown]
# # Does more training data help?

# %% tags=["parameters"]
benchmarks = "build/data/benchmarks"
nr_train_images = [400, 500, 600]
summary_file = "build/data/summary.csv"

# %%
import json
from pathlib import Path

import runweave

results = [json.loads(Path(benchmarks, f"svc-{size}.json").read_text()) for size in nr_train_images]
for result in results:
    runweave.log_metrics(
        {"accuracy": result["accuracy"], "roc_auc_macro": result["roc_auc_macro"]}, step=result["nr_train_images"]
    )

# %%
import matplotlib.pyplot as plt

figure, (left, right) = plt.subplots(1, 2, figsize=(10, 4), layout="constrained")
left.plot(nr_train_images, [result["roc_auc_macro"] for result in results], marker="o", label="macro average")
left.set(xlabel="training images", ylabel="ROC AUC", xticks=nr_train_images)
left.legend()
for digit in range(10):
    values = [result["roc_auc_of_digit"][digit] for result in results]
    right.plot(nr_train_images, values, marker=".", label=str(digit))
right.set(xlabel="training images", ylabel="ROC AUC of each digit", xticks=nr_train_images)
right.legend(title="digit", fontsize=8, ncol=2)
runweave.log_figure("roc-auc", figure)

# %%
import csv

table = [{key: result[key] for key in ("nr_train_images", "accuracy", "roc_auc_macro")} for result in results]
with open(summary_file, "w", newline="", encoding="utf-8") as file:
    writer = csv.DictWriter(file, table[0].keys(), lineterminator="\n")
    writer.writeheader()
    writer.writerows(table)
runweave.log_table("summary", table)

best = max(table, key=lambda row: row["roc_auc_macro"])
runweave.set_tag("best_nr_train_images", best["nr_train_images"])
print(Path(summary_file).read_text())
