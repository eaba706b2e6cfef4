"""Prepares the data for training."""

import numpy as np
import runweave
from sklearn.model_selection import train_test_split


def split(digits_file: str, train_file: str, test_file: str, ratio: float, seed: int = 1) -> dict:
    """Divides the images at random, with the same share of each digit on both sides.

    `ratio` is the share to train with, between 0 and 1. Returns the numbers of images of both sides.
    """
    digits = np.load(digits_file)
    train, test = train_test_split(
        np.arange(len(digits["labels"])), train_size=ratio, random_state=seed, stratify=digits["labels"]
    )
    for file, chosen in ((train_file, train), (test_file, test)):
        np.savez(file, images=digits["images"][chosen], labels=digits["labels"][chosen])

    counts = {"n_train": len(train), "n_test": len(test)}
    runweave.log_metrics(counts)
    print(f"{len(train)} images to train with, {len(test)} to test with")
    return counts
