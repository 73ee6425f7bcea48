"""Cost of a day against the volume of the bone, the number of sites, and the number of species."""

from bench_worker import Setting, time_call
from cases.common import live, make_model, warm_engine
from cases.engine import count_cells, time_days

EDGES, QUICK_EDGES = (48, 64, 96, 128), (24, 32)
SPECIES_EDGE, QUICK_SPECIES_EDGE = 96, 24
SITES_EDGE = 64


def prepare(setting: Setting):
    """Make a bone of every size."""
    from trabecula.base.codes import Species

    warm_engine()
    edges = QUICK_EDGES if setting.quick else EDGES
    warm_up, days = setting.warm_up, 1 if setting.quick else 30
    models = {edge: make_model(edge) for edge in edges}
    busy = "cells.parameters={osteocyte.trigger: 1.0e-4}"
    lively = make_model(SITES_EDGE if not setting.quick else QUICK_EDGES[-1], settings=(busy,))
    for model in (*models.values(), lively):
        live(model, warm_up)
    lone = make_model(QUICK_SPECIES_EDGE if setting.quick else SPECIES_EDGE, mechanics=False)
    live(lone, 1)
    names = [str(species) for species in Species]

    def repeat() -> dict[str, float]:
        found: dict[str, float] = {}
        for edge, model in models.items():
            grid = model.state.grid
            found[f"cpu_{edge}"] = time_days(model, days, 1)["cpu"] / grid.volume
            found[f"cells_{edge}"] = count_cells(model.state) / grid.volume
            found[f"sites_{edge}"] = count_sites(model.state) / grid.volume
        found["cpu_busy"] = time_days(lively, days, 1)["cpu"] / lively.state.grid.volume
        found["sites_busy"] = count_sites(lively.state) / lively.state.grid.volume
        for count in (0, 3, 6, 9, len(names)):
            found[f"species_{count}"] = time_fields(lone, names, count)
        return found

    return repeat


def count_sites(state) -> int:
    """Return the number of sites at work."""
    from trabecula.base.codes import Phase

    return int((state.sites.rows.phase < Phase.COMPLETE).sum())


def time_fields(model, names: list[str], count: int) -> float:
    """Return the seconds of solving all fields once from nothing, with the sources of some on."""
    from trabecula.config import load_parameters
    from trabecula.fields import step_fields

    fields = model.state.fields
    kept = fields.fine.copy(), fields.coarse.copy()
    fields.fine[...], fields.coarse[...] = 0, 0
    on = {name: index < count for index, name in enumerate(names)}
    seconds, _ = time_call(step_fields, model.state, load_parameters(), on)
    fields.fine[...], fields.coarse[...] = kept
    return seconds
