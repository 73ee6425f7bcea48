"""Frames as a film: MP4 through the ffmpeg that imageio brings, or GIF."""

from collections.abc import Callable, Iterator
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np

from trabecula.base.columns import Array
from trabecula.base.errors import InputError
from trabecula.base.extras import check_extra
from trabecula.base.files import replace_whole
from trabecula.viz.colouring import BONE
from trabecula.viz.opengl import EXTRA
from trabecula.viz.style import BLACK, CYCLE, GREY, apply_style

ENDINGS = (".mp4", ".gif")
STEP = 8
"""Steps of red, green and blue that count as one colour when those of a GIF are chosen."""
FIXED = ("#ffffff", BLACK, GREY, BONE, *CYCLE)
"""Colours of paper, type and legends, which every GIF has as they are."""


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
    from PIL import Image

    waiting: list[BytesIO] = []  # without loss: colours are chosen once all frames are known
    there: dict[int, Any] = {}
    for frame in frames:
        note_colours(there, frame)
        waiting.append(BytesIO())
        Image.fromarray(frame).save(waiting[-1], format="PNG", compress_level=1)
        watch(len(waiting))
    palette = choose_palette(there)
    pictures = (reduce_colours(Image.open(one), palette) for one in waiting)
    next(pictures).save(
        path,
        format="GIF",
        save_all=True,
        append_images=pictures,
        duration=round(1000 / fps),
        loop=0,
    )


def note_colours(there: dict[int, Any], frame: Array) -> None:
    """Add the colours of a frame, one of every small box of red, green and blue.

    Parameters
    ----------
    there
        Colour by box; grows.
    frame
        Red, green and blue, shape (row, column, 3), uint8, in units of 1/255.
    """
    flat = frame.reshape(-1, 3)
    steps = (flat // STEP).astype(np.int32)
    boxes, first = np.unique(
        (steps[:, 0] << 16) | (steps[:, 1] << 8) | steps[:, 2], return_index=True
    )
    for box, place in zip(boxes.tolist(), first.tolist(), strict=True):
        there.setdefault(box, flat[place])


def choose_palette(there: dict[int, Any]) -> Any:
    """Return a picture that holds 256 colours for all frames: those of legends, and of what is there.

    Counted by pixels, the colours of bone would take all, and those of the few cells none; chosen
    for each frame, a colour of the legend would change from frame to frame.

    Parameters
    ----------
    there
        Colour by box, red, green and blue of shape (3,), uint8, in units of 1/255.
    """
    from matplotlib.colors import to_rgb
    from PIL import Image

    fixed = np.rint(255 * np.array([to_rgb(colour) for colour in FIXED])).astype(int)
    rest = Image.fromarray(np.array(list(there.values()), np.uint8)[None])
    few = rest.quantize(256 - len(fixed), dither=Image.Dither.NONE).getpalette() or []
    palette = Image.new("P", (1, 1))
    palette.putpalette([*fixed.ravel().tolist(), *few[: 3 * (256 - len(fixed))]])
    return palette


def reduce_colours(picture: Any, palette: Any) -> Any:
    """Return a picture in the colours of a palette, each pixel in the nearest."""
    from PIL import Image

    return picture.quantize(palette=palette, dither=Image.Dither.NONE)
