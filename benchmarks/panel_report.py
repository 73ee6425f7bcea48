"""A panel that has been lived, judged once more for docs/validation: verdicts, and a page to keep.

    python benchmarks/panel_report.py runs/validation --bones 4 --edge 64 [--out docs/validation]

What `trabecula validate` writes, with pictures of 64 colours, from the days 0 that are there, up to
`--starts`; nothing is lived.
"""

import argparse
import base64
import io
import re
from pathlib import Path

from trabecula.records.atomic import write_text_whole
from trabecula.records.statusfile import has_ended
from trabecula.study import (
    Panel,
    Sampling,
    add_held,
    judge_panel,
    lengthen_held,
    list_tasks,
    load_panel,
    score_panel,
)
from trabecula.study.adaptive import Work
from trabecula.study.trials import Task, list_onset_tasks
from trabecula.study.validation import judge_baselines, write_verdicts
from trabecula.viz import page
from trabecula.viz.trials import draw_trial
from trabecula.viz.validation import make_page

ROOT = Path(__file__).parents[1]


def shrink(found: re.Match[str]) -> str:
    """Return a picture inside a page with 64 colours, lines keeping theirs: a third of its size."""
    from PIL import Image

    picture = Image.open(io.BytesIO(base64.b64decode(found[1]))).convert("RGB")
    buffer = io.BytesIO()
    picture.quantize(64, Image.Quantize.MAXCOVERAGE, dither=Image.Dither.NONE).save(
        buffer, "PNG", optimize=True
    )
    return "data:image/png;base64," + base64.b64encode(buffer.getvalue()).decode("ascii")


def find_later(panel: Panel, tasks: list[Task], starts: int, study: Path) -> list[Task]:
    """Return the runs from later days 0 that have been lived."""
    return [
        task
        for trial in panel.trials
        for task in list_onset_tasks(trial, tasks, [arm.name for arm in trial.arms], starts)
        if has_ended(study / task.folder)
    ]


def main() -> None:
    """Command line of the report."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("study", type=Path)
    parser.add_argument("--panel", default="calibration")
    parser.add_argument("--bones", type=int, default=2)
    parser.add_argument("--edge", type=int, default=64)
    parser.add_argument("--settle", type=float, default=730.0)
    parser.add_argument("--starts", type=int, default=16)
    parser.add_argument("--dpi", type=int, default=100)
    parser.add_argument("--out", type=Path, default=ROOT / "docs" / "validation")
    options = parser.parse_args()
    panel = lengthen_held(add_held(load_panel(options.panel)), options.starts)
    sampling = Sampling(options.bones, options.edge, options.settle, (), options.starts)
    tasks = list_tasks(panel, sampling)
    later = find_later(panel, tasks, options.starts, options.study)
    figures = {}

    def draw(trial, pool, judged) -> None:
        if pool.count:
            figures[trial.id] = draw_trial(trial, pool, judged)

    judged = judge_panel(panel, [*tasks, *later], options.study, draw)
    baselines = judge_baselines(panel)
    page.RESOLUTION = options.dpi
    work = {"starts": Work(later=later).starts}
    write_verdicts(panel, judged, baselines, sampling, options.out, work)
    text = make_page(panel, sampling, judged, baselines, figures)
    text = re.sub(r"data:image/png;base64,([A-Za-z0-9+/=]+)", shrink, text)
    write_text_whole(options.out / "report.html", text)
    print(f"score of the panel: {score_panel(judged):.2f}, {len(text) / 1e6:.2f} MB")


if __name__ == "__main__":
    main()
