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
# # Train a classifier
# A support vector classifier learns digits from the first `nr_train_images` images, and is exported as ONNX.

# %% tags=["parameters"]
train_file = "build/data/train.npz"
model_file = "build/data/models/svc-400.onnx"
nr_train_images = 400
n_available = 1257

# %%
C = 10.0
GAMMA = 0.001

# %%
from pathlib import Path

import numpy as np
import runweave
from sklearn.calibration import CalibratedClassifierCV
from sklearn.model_selection import cross_val_score
from sklearn.svm import SVC

if nr_train_images > n_available:
    raise ValueError(f"{nr_train_images} images to train with, but there are only {n_available}")

train = np.load(train_file)
images, labels = train["images"][:nr_train_images], train["labels"][:nr_train_images]
runweave.log_params({"C": C, "gamma": GAMMA, "share_of_available": nr_train_images / n_available})

# %% [markdown]
# ## How well does it do on images that it has not seen?

# %%
scores = cross_val_score(SVC(C=C, gamma=GAMMA), images, labels, cv=5)
for fold, score in enumerate(scores):
    runweave.log_metric("cross_validation_accuracy", score, step=fold)
print(f"accuracy of {len(scores)} folds: {scores.mean():.3f} ± {scores.std():.3f}")

# %% [markdown]
# ## The model
# Its scores are calibrated, so that they can be read as probabilities.

# %%
model = CalibratedClassifierCV(SVC(C=C, gamma=GAMMA), ensemble=False, cv=5).fit(images, labels)
support_vectors = model.calibrated_classifiers_[0].estimator.n_support_
runweave.log_metrics(
    {"train_accuracy": model.score(images, labels), "nr_support_vectors": int(support_vectors.sum())}
)

# %%
from skl2onnx import to_onnx

# Without zipmap the probabilities are one array; the opset is one that older runtimes know too.
onnx_model = to_onnx(model, images[:1], options={id(model): {"zipmap": False}}, target_opset=17)
Path(model_file).parent.mkdir(parents=True, exist_ok=True)
Path(model_file).write_bytes(onnx_model.SerializeToString())
runweave.log_artifact(model_file)
print(f"{model_file}: {Path(model_file).stat().st_size} bytes")

# %%
import matplotlib.pyplot as plt

figure, ax = plt.subplots(figsize=(6, 3))
ax.bar(range(10), support_vectors)
ax.set(xlabel="digit", ylabel="support vectors", xticks=range(10), title=f"{nr_train_images} images")
runweave.log_figure("support-vectors", figure)
