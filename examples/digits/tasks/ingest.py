"""Writes scikit-learn's handwritten digits to one file: 1797 images of 8 × 8 pixels, and what digit each shows."""

from pathlib import Path

import numpy as np
import runweave
from sklearn.datasets import load_digits

digits_file = Path(runweave.params["digits_file"])

images, labels = load_digits(return_X_y=True)
images = images.astype(np.float32)

digits_file.parent.mkdir(parents=True, exist_ok=True)
np.savez(digits_file, images=images, labels=labels)

runweave.log_metrics({"nr_images": len(images), "nr_pixels": images.shape[1]})
runweave.log_param("source", "sklearn.datasets.load_digits")
runweave.set_tag("dataset", "UCI optical recognition of handwritten digits, test set")
print(f"{len(images)} images written to {digits_file}")
