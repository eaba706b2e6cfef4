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
# # Measure a model
# On images that it has not seen, by ONNX Runtime, as it would run in production. What it finds is logged with MLflow.

# %% tags=["parameters"]
test_file = "build/data/test.npz"
model_file = "build/data/models/svc-400.onnx"
benchmark_file = "build/data/benchmarks/svc-400.json"
nr_train_images = 400

# %%
import matplotlib.pyplot as plt
import mlflow
import numpy as np
import onnxruntime

test = np.load(test_file)
images, labels = test["images"], test["labels"]

session = onnxruntime.InferenceSession(model_file, providers=["CPUExecutionProvider"])
predicted, probabilities = session.run(["label", "probabilities"], {"X": images})

# %% [markdown]
# ## ROC AUC, each digit against all others

# %%
from sklearn.metrics import accuracy_score, roc_auc_score, roc_curve

auc_of_digit = [float(roc_auc_score(labels == digit, probabilities[:, digit])) for digit in range(10)]
auc = float(np.mean(auc_of_digit))
accuracy = float(accuracy_score(labels, predicted))

for digit, value in enumerate(auc_of_digit):
    mlflow.log_metric("roc_auc_of_digit", value, step=digit)
mlflow.log_metrics({"roc_auc_macro": auc, "accuracy": accuracy})
print(f"{nr_train_images} training images: accuracy {accuracy:.4f}, ROC AUC {auc:.5f} (macro average)")

# %%
figure, ax = plt.subplots(figsize=(5.5, 5))
for digit in range(10):
    false_positives, true_positives, _ = roc_curve(labels == digit, probabilities[:, digit])
    ax.plot(false_positives, true_positives, label=f"{digit}: {auc_of_digit[digit]:.4f}")
# All that tells the digits apart is in this corner.
ax.set(xlim=(-0.005, 0.2), ylim=(0.8, 1.005), xlabel="false positive rate", ylabel="true positive rate")
ax.legend(title="AUC of digit", fontsize=8)
mlflow.log_figure(figure, "roc-curves.png")

# %%
from sklearn.metrics import ConfusionMatrixDisplay

display = ConfusionMatrixDisplay.from_predictions(labels, predicted, colorbar=False)
mlflow.log_figure(display.figure_, "confusion-matrix.png")

# %% [markdown]
# ## What it gets wrong

# %%
from lib.images import draw_digits

wrong = np.flatnonzero(predicted != labels)
titles = [f"{labels[i]} as {predicted[i]}" for i in wrong]
mlflow.log_figure(draw_digits(images[wrong][:30], titles[:30]), "mistakes.png")
mlflow.log_metric("nr_mistakes", len(wrong))

# %%
import json
from pathlib import Path

Path(benchmark_file).parent.mkdir(parents=True, exist_ok=True)
Path(benchmark_file).write_text(
    json.dumps(
        {
            "nr_train_images": nr_train_images,
            "accuracy": round(accuracy, 6),
            "roc_auc_macro": round(auc, 6),
            "roc_auc_of_digit": [round(value, 6) for value in auc_of_digit],
        },
        indent=2,
    )
)
