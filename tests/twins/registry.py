"""Which kernels have a twin, and which are held by something else, with the reason."""

TWINS = {
    "binding": (
        "free_fraction", "compute_loss_fine", "scale_fine", "compute_loss_coarse", "linearise_opg",
        "compute_complex",
    ),
    "conduction": ("link_voxels", "weigh_links", "solve_conduction", "add_power"),
    "deposit": ("deposit_fine", "deposit_coarse", "fill_open"),
    "histology": ("sum_covers",),
    "keyed": (
        "philox", "draw_bits", "draw", "draw_below", "make_uid", "fill_uniform", "order_by_draw",
        "fill_uids",
    ),
    "level": ("fill_gradient", "compute_cut_volume"),
    "ligands": ("occupancy", "hill", "boost"),
    "lining": ("open_surface", "shift_lining", "cover_surface"),
    "mineral": ("mineralise", "sum_quanta"),
    "noise": ("fill_normal",),
    "osteoclasts": (
        "fuse_osteoclasts", "turn_over_nuclei", "move_osteoclasts", "score_target", "first_touch",
    ),
    "osteocytes": ("find_outlets", "age_osteocytes", "trigger_clusters"),
    "precursors": ("supply_precursors", "lose_precursors", "walk_precursors", "push_out"),
    "scene": ("count_cells", "fill_bare"),
    "sites": ("find_live_site", "tally_sites"),
    "space": (
        "shift", "split", "neighbour", "join", "fill_contact", "refresh_contact", "count_bone26",
    ),
    "spheres": ("find_ridge", "find_half_ridge", "paint_spheres", "mark_mid_axes"),
    "stencil": (
        "mark_open", "mark_surface", "invert_diagonal", "restrict_decay", "prolong_fine",
        "restrict_fine",
    ),
}  # fmt: skip
"""File -> its kernels with a twin of the same name in the file of the same name here."""

OTHERWISE_NAMED = {
    "osteocytes.offset": "space.steps_between",
    "euler.count_cells": "euler.compute_euler_number",
}
"""Kernels whose twin answers the same question under another name."""

THROUGH = {"euler.count_cells": "euler.compute_euler_number"}
"""Kernels that are compared through the plain function of their file that lays out their arrays."""

SOLVER = "a part of the solver, whose answer equals a direct sparse solve (fieldtwins.py)"
CHANGING = "its rule is being rewritten; ledgers and order of phases hold it in test_cells.py"

EXCEPTIONS = {
    "multigrid.coarsen_bits": SOLVER,
    "multigrid.coarsen_faces": SOLVER,
    "multigrid.stretch_faces": SOLVER,
    "multigrid.sum_level_row": SOLVER,
    "multigrid.smooth_level": SOLVER,
    "multigrid.smooth_level_parallel": SOLVER,
    "multigrid.compute_residual_level": SOLVER,
    "multigrid.compute_residual_level_parallel": SOLVER,
    "multigrid.restrict_mean": SOLVER,
    "multigrid.prolong_level": SOLVER,
    "multigrid.restrict_all": SOLVER,
    "multigrid.smooth_twice": SOLVER,
    "multigrid.sawtooth": SOLVER,
    "stencil.sum_row": SOLVER,
    "stencil.smooth_fine": SOLVER,
    "stencil.restrict_residual_fine": SOLVER,
    "stencil.subtract_row": SOLVER,
    "stencil.add_sums": SOLVER,
    "osteoclasts.resorb": CHANGING,
    "osteoblasts.settle_factor": CHANGING,
    "osteoblasts.fade_factor": CHANGING,
    "osteoblasts.recruit": CHANGING,
    "osteoblasts.lose_osteoblasts": CHANGING,
    "osteoblasts.activate": CHANGING,
    "osteoblasts.take_up": CHANGING,
    "osteoblasts.move_out": CHANGING,
    "osteoblasts.appose": CHANGING,
    "osteoblasts.end_osteoblasts": CHANGING,
}
"""Kernels without a twin of their own, and what holds them instead."""


def list_twins():
    """Every kernel with a twin: ``file.kernel`` -> ``file.twin``."""
    same = {f"{file}.{name}": f"{file}.{name}" for file, names in TWINS.items() for name in names}
    return same | OTHERWISE_NAMED
