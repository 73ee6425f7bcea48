"""Command plan: what a step does, in order."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from trabecula.cli.app import app
from trabecula.cli.options import Json, Sets, to_settings
from trabecula.cli.tables import print_json, print_table

if TYPE_CHECKING:
    from trabecula.config import Config
    from trabecula.model.plan import Step

EDGE = 8
"""Edge of the small slab (voxels) on which the plan is built: it does not depend on the bone."""


DEFAULTS = "duration: 1 y\n"
"""A configuration of defaults alone; no stage depends on how long it lasts."""


@app.command()
def plan(
    config: Annotated[
        Path | None,
        typer.Argument(
            metavar="[CONFIG.yaml]",
            help="Configuration file; defaults alone if not given.",
            show_default=False,
        ),
    ] = None,
    sets: Sets = None,
    as_json: Json = False,
) -> None:
    """List the stages of a step in the order in which they run."""
    rows = [
        {
            "number": number,
            "stage": stage.name,
            "room": stage.room,
            "every_d": stage.every,
            "switches": list(stage.rules),
            "what": stage.doc,
        }
        for number, stage in enumerate(find_stages(_load(config, to_settings(sets))), 1)
    ]
    if as_json:
        print_json(rows)
        return
    print_table(
        "",
        ("", "stage", "room", "every (d)", "what"),
        ((str(r["number"]), r["stage"], r["room"], r["every_d"], r["what"]) for r in rows),
    )


def _load(path: Path | None, settings: list[str]) -> "Config":
    """Load the configuration at `path`, or of defaults alone, with `settings` on top."""
    from trabecula.config.load import apply_setting, load_config, make_config
    from trabecula.config.marks import parse_yaml

    if path is not None:
        return load_config(path, settings)
    document = parse_yaml(DEFAULTS, "defaults")
    for text in settings:
        apply_setting(document, text)
    return make_config(document, Path("defaults.yaml"))


def find_stages(config: "Config") -> "tuple[Step, ...]":
    """Return the stages that a run of `config` goes through in every step."""
    import numpy as np

    from trabecula.base.codes import Sides
    from trabecula.model.genesis import make_state
    from trabecula.model.plan import make_plan
    from trabecula.state import Signals

    slab = np.zeros((EDGE, EDGE, EDGE), np.float32)
    slab[: EDGE // 2] = 1.0
    voxel, step = config.lattice.voxel, config.step
    state = make_state(slab, voxel, Sides.PERIODIC, config.seed, step, config.parameters, Signals())
    return make_plan(config, state, replete=False)
