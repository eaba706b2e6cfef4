"""Draws digits."""

import matplotlib.pyplot as plt


def draw_digits(images, titles, columns=10):
    """A figure of 8 × 8 images, each with its title."""
    rows = max(1, -(-len(images) // columns))
    figure, axes = plt.subplots(rows, columns, figsize=(columns * 0.9, rows * 1.1), squeeze=False)
    for ax in axes.flat:
        ax.axis("off")
    for ax, image, title in zip(axes.flat, images, titles):
        ax.imshow(image.reshape(8, 8), cmap="gray_r")
        ax.set_title(str(title), fontsize=9)
    figure.tight_layout()
    return figure
