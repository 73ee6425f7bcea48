"""Frames as a film: MP4 through the ffmpeg that imageio brings, or GIF."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

from trabecula.base.columns import Array
from trabecula.base.errors import InputError
from trabecula.base.extras import check_extra
from trabecula.base.files import replace_whole
from trabecula.viz.opengl import EXTRA
from trabecula.viz.style import apply_style

ENDINGS = (".mp4", ".gif")
STEP = 8
"""Steps of red, green and blue that count as one colour when those of a GIF are chosen."""


def check_film_path(path: Path, option: str = "--out") -> None:
    """Refuse a path that is no film.

    Raises
    ------
    InputError
        If it ends in neither .mp4 nor .gif.
    """
    if path.suffix.lower() not in ENDINGS:
        msg = f"{option}: found {path.name!r}; allowed: a file ending in {' or '.join(ENDINGS)}"
        raise InputError(msg)


def to_frame(figure: Any, dpi: int) -> Array:
    """Return a figure as pixels, shape (row, column, 3), uint8; even numbers of both, as films need."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg

    with apply_style():
        figure.set_dpi(dpi)
        canvas = FigureCanvasAgg(figure)
        canvas.draw()
        drawn = np.asarray(canvas.buffer_rgba())[..., :3]
    rows, columns = (n + n % 2 for n in drawn.shape[:2])
    frame = np.full((rows, columns, 3), 255, np.uint8)
    frame[: drawn.shape[0], : drawn.shape[1]] = drawn
    return frame


def write_film(
    path: Path, frames: Iterator[Array], fps: float, watch: Callable[[int], None] = lambda _: None
) -> None:
    """Write frames of one size as a film; whole, or not at all.

    Parameters
    ----------
    frames
        Red, green and blue, each of shape (row, column, 3), uint8, in units of 1/255.
    fps
        Frames a second.
    watch
        Told how many frames are done, after each.

    Raises
    ------
    ResultsError
        If it cannot be written.
    MissingError
        If the extra is not installed.
    """
    check_film_path(path)
    write = _write_gif if path.suffix.lower() == ".gif" else _write_mp4
    with replace_whole(path, "the film") as temporary:
        write(temporary, frames, fps, watch)


def _write_mp4(
    path: Path, frames: Iterator[Array], fps: float, watch: Callable[[int], None]
) -> None:
    check_extra(("imageio_ffmpeg",), EXTRA, "an MP4 film")
    import imageio_ffmpeg

    writer, done = None, 0
    try:
        for frame in frames:
            if writer is None:
                size = (frame.shape[1], frame.shape[0])
                writer = imageio_ffmpeg.write_frames(
                    str(path), size, fps=fps, codec="libx264", quality=None, macro_block_size=2,
                    pix_fmt_out="yuv420p", output_params=["-crf", "20", "-movflags", "+faststart"],
                )  # fmt: skip
                writer.send(None)
            writer.send(np.ascontiguousarray(frame))
            done += 1
            watch(done)
    finally:
        if writer is not None:
            writer.close()


def _write_gif(
    path: Path, frames: Iterator[Array], fps: float, watch: Callable[[int], None]
) -> None:
    check_extra(("PIL.Image",), EXTRA, "a GIF")
    pictures: list[Any] = []
    for frame in frames:
        pictures.append(reduce_colours(frame))
        watch(len(pictures))
    pictures[0].save(
        path,
        format="GIF",
        save_all=True,
        append_images=pictures[1:],
        duration=round(1000 / fps),
        loop=0,
    )


def reduce_colours(frame: Array) -> Any:
    """Return a frame in 256 colours, chosen from those that are there however rare they are.

    Counted by pixels, the colours of bone would take all, and those of the few cells none.

    Parameters
    ----------
    frame
        Red, green and blue, shape (row, column, 3), uint8, in units of 1/255.
    """
    from PIL import Image

    flat = frame.reshape(-1, 3)
    steps = (flat // STEP).astype(np.int32)
    _, first = np.unique((steps[:, 0] << 16) | (steps[:, 1] << 8) | steps[:, 2], return_index=True)
    there = Image.fromarray(flat[first][None])
    few = there.quantize(255, dither=Image.Dither.NONE).getpalette() or []
    chosen = Image.new("P", (1, 1))
    chosen.putpalette([255, 255, 255, *few[: 3 * 255]])
    return Image.fromarray(frame).quantize(palette=chosen, dither=Image.Dither.NONE)
