"""Command plan: what a step does, in order."""

from typing import TYPE_CHECKING

from trabecula.cli.app import app
from trabecula.cli.options import ConfigFile, Json, Sets, to_settings
from trabecula.cli.tables import print_json, print_table

if TYPE_CHECKING:
    from trabecula.config import Config
    from trabecula.model.plan import Step

EDGE = 8
"""Edge of the small slab (voxels) on which the plan is built: it does not depend on the bone."""


@app.command()
def plan(config: ConfigFile, sets: Sets = None, as_json: Json = False) -> None:
    """List the stages of a step in the order in which they run."""
    from trabecula.config import load_config

    rows = [
        {
            "number": number,
            "stage": stage.name,
            "room": stage.room,
            "every_d": stage.every,
            "switches": list(stage.rules),
            "what": stage.doc,
        }
        for number, stage in enumerate(find_stages(load_config(config, to_settings(sets))), 1)
    ]
    if as_json:
        print_json(rows)
        return
    print_table(
        "",
        ("", "stage", "room", "every (d)", "what"),
        ((str(r["number"]), r["stage"], r["room"], r["every_d"], r["what"]) for r in rows),
    )


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
