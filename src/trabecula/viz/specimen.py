"""The picture of a specimen: three middle slices and a projection."""

from typing import Any

from trabecula.base.columns import Array
from trabecula.viz.captions import add_caption
from trabecula.viz.pictures import AXES, add_bar, add_frame, show_slice, take_middle, to_plane
from trabecula.viz.style import WIDTH, apply_style

CAPTION = "White: bone. Black: marrow. Grey: voxels that hold both."


def draw_specimen(fraction: Array, voxel: float, title: str = "") -> Any:
    """Draw the three middle slices and the mean projection along x.

    Parameters
    ----------
    fraction
        Bone fraction, shape (z, y, x), 0..1.
    voxel
        Edge of a voxel (um).
    title
        A line above the pictures.

    Returns
    -------
    object
        A ``matplotlib.figure.Figure``.
    """
    pictures = [take_middle(fraction, axis) for axis in range(3)]
    titles = [f"{to_plane(axis)}, middle of {AXES[axis]}" for axis in range(3)]
    # a maximum over the whole depth is white nearly everywhere; the front quarter shows struts
    depth = max(1, fraction.shape[2] // 4)
    pictures.append(fraction[:, :, :depth].max(axis=2))
    titles.append(f"zy, maximum over {depth * voxel / 1000:.2g} mm of x")
    ratios = [picture.shape[1] for picture in pictures]
    tallest = max(picture.shape[0] / sum(ratios) for picture in pictures)
    with apply_style() as make_figure:
        figure = make_figure(figsize=(WIDTH, WIDTH * tallest + 0.85), layout="constrained")
        axes = figure.subplots(1, 4, width_ratios=ratios)
        for axis, picture, name in zip(axes, pictures, titles, strict=True):
            show_slice(axis, picture, 0.0, 1.0)
            add_frame(axis, picture.shape)
            axis.set_title(name, fontweight="normal", fontsize=7)
        add_bar(axes[0], pictures[0].shape, voxel)
        if title:
            figure.suptitle(title, fontsize=8)
        add_caption(figure, CAPTION)
    return figure
