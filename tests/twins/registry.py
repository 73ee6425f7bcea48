"""Which kernels have a twin, and which are held by something else, with the reason."""

TWINS = {
    "binding": (
        "free_fraction", "compute_loss_fine", "scale_fine", "compute_loss_coarse", "linearise_opg",
        "compute_complex",
    ),
    "dense": ("factorise", "substitute"),
    "deposit": ("deposit_fine", "deposit_coarse", "deposit_discs", "fill_open"),
    "hexahedra": ("spread", "gather_products", "press", "press_elements"),
    "histology": ("sum_covers",),
    "keyed": (
        "philox", "draw_pair", "draw_bits", "draw", "draw_below", "make_uid", "fill_uniform",
        "fill_pairs", "fill_draws", "order_by_draw", "fill_uids",
    ),
    "krylov": ("sum_blocks", "start_smoothing", "smooth", "subtract", "advance", "turn"),
    "level": ("fill_gradient", "compute_cut_volume"),
    "gather": ("is_blank", "find_next", "holds_any", "sum_marks", "gather"),
    "ligands": ("occupancy", "hill", "boost", "couple", "rouse"),
    "lining": ("shift_lining", "cover_surface", "wake_lining"),
    "meshtransfer": ("refine_nodes", "collect_nodes"),
    "mineral": ("mineralise", "sum_quanta"),
    "noise": ("fill_normal",),
    "osteoclasts": (
        "fuse_osteoclasts", "turn_over_nuclei", "move_osteoclasts", "score_target", "first_touch",
        "share_open", "value_ground", "find_ground", "fits", "resorb",
    ),
    "factor": ("settle_factor", "fade_factor", "grant_factor"),
    "osteoblasts": (
        "recruit", "lose_osteoblasts", "activate", "take_up", "appose", "end_osteoblasts",
    ),
    "places": ("value_place", "move_out", "crawl"),
    "osteocytes": ("find_outlets", "age_osteocytes", "trigger_clusters"),
    "precursors": ("supply_precursors", "lose_precursors", "walk_precursors", "push_out"),
    "pieces": ("label_pieces", "take_pieces"),
    "reach": (
        "count_bone", "count_around", "share_bony", "measure_hollow", "take_near", "holds", "is_held",
    ),
    "scene": ("count_cells", "fill_ground"),
    "sites": ("find_live_site", "add_time", "tally_sites"),
    "space": (
        "shift", "split", "neighbour", "join", "fill_contact", "refresh_contact", "count_bone26",
    ),
    "spheres": ("find_ridge", "find_half_ridge", "mark_mid_axes"),
    "stencil": (
        "mark_open", "invert_diagonal", "restrict_decay", "prolong_fine",
        "restrict_fine",
    ),
    "strain": ("gradient", "strain_energy", "fill_energy"),
    "voxelmesh": (
        "number_nodes", "list_elements", "mark_blocks", "fix_nodes", "link_nodes", "fill_places",
        "merge_moduli", "sum_moduli",
    ),
}  # fmt: skip
"""File -> its kernels with a twin of the same name in the file of the same name here."""

OTHERWISE_NAMED = {
    "levels.count_surface": "stencil.mark_surface",
    "levels.list_surface": "stencil.mark_surface",
    "lining.choose_leaving": "lining.open_surface",
    "osteocytes.offset": "space.steps_between",
    "euler.count_cells": "euler.compute_euler_number",
    "spheres.paint_sorted": "spheres.paint_spheres",
    "distance.measure_columns": "distance.compute_distance",
    "boxdistance.search_columns": "boxdistance.compute_box_distance",
}
"""Kernels whose twin answers the same question under another name."""

THROUGH = {
    "euler.count_cells": "euler.compute_euler_number",
    "lining.choose_leaving": "lining.open_surface",
    "spheres.paint_sorted": "spheres.paint_spheres",
    "distance.measure_columns": "distance.compute_distance",
    "boxdistance.search_columns": "boxdistance.compute_box_distance",
}
"""Kernels that are compared through the plain function of their file that calls them."""

HELPERS = {
    "binding.add_taken": "binding.compute_loss_fine",
    "binding.write_open": "binding.compute_loss_fine",
    "binding.fill_free": "binding.scale_fine",
    "binding.scale_row": "binding.scale_fine",
    "blocks.chain_cells": "osteoclasts.fuse_osteoclasts",
    "blocks.count_blocks": "osteoclasts.fuse_osteoclasts",
    "blocks.find_block": "blocks.list_near",
    "blocks.list_beside": "blocks.list_near",
    "blocks.list_near": "osteoclasts.fuse_osteoclasts",
    "deposit.is_surface": "deposit.deposit_discs",
    "deposit.split_voxel": "deposit.deposit_fine",
    "hexahedra.pick": "hexahedra.press",
    "hexahedra.put": "hexahedra.press",
    "hexahedra.take_corners": "hexahedra.press_layer",
    "hexahedra.add_corners": "hexahedra.press_layer",
    "hexahedra.press_layer": "hexahedra.press_elements",
    "histology.cover_slab": "histology.sum_covers",
    "histology.mark_open_bone": "histology.cover_slab",
    "krylov.sum_four": "krylov.sum_blocks",
    "levels.mark_surface": "levels.list_surface",
    "levels.add_products": "levels.sum_weighted",
    "levels.add_open": "levels.sum_open",
    "lining.is_covered": "lining.cover_surface",
    "lining.withdraws": "lining.choose_block",
    "lining.choose_block": "lining.choose_leaving",
    "meshtransfer.refine_span": "meshtransfer.refine_nodes",
    "meshtransfer.collect_span": "meshtransfer.collect_plane",
    "meshtransfer.collect_plane": "meshtransfer.collect_nodes",
    "mineral.age_mineral": "mineral.mineralise",
    "osteocytes.seek_block": "osteocytes.find_outlets",
    "osteocytes.weigh": "osteocytes.trigger_clusters",
    "pieces.hangs_on": "pieces.take_pieces",
    "precursors.find_hazard": "precursors.lose_precursors",
    "precursors.fill_odds": "precursors.walk_precursors",
    "osteoblasts.begin_osteoblast": "osteoblasts.recruit",
    "osteoblasts.close_voxel": "osteoblasts.lay",
    "osteoblasts.lay": "osteoblasts.appose",
    "osteoblasts.pay": "osteoblasts.appose",
    "osteoclasts.choose_target": "osteoclasts.resorb",
    "osteoclasts.measure_opened": "osteoclasts.take_matrix",
    "osteoclasts.take_matrix": "osteoclasts.resorb",
    "osteoclasts.touch": "osteoclasts.fuse_osteoclasts",
    "sites.keep_open": "osteoblasts.recruit",
    "sites.book_formation": "osteoblasts.appose",
    "sites.book_resorption": "osteoclasts.resorb",
    "precursors.count_hops": "precursors.walk_precursors",
    "precursors.walk_block": "precursors.walk_precursors",
    "precursors.make_walk": "precursors.walk_precursors",
    "precursors.fill_beside": "precursors.walk_precursors",
    "precursors.start_walk": "precursors.walk_block",
    "precursors.stop": "precursors.walk_block",
    "precursors.hop_all": "precursors.walk_block",
    "precursors.settles": "precursors.walk_block",
    "space.count_row": "space.fill_contact",
    "stencil.mark_row": "stencil.mark_open",
    "stencil.look_row": "stencil.mark_row",
    "stencil.add_decay": "stencil.restrict_decay",
    "stencil.widen": "stencil.prolong_fine",
    "stencil.add_open_row": "stencil.restrict_fine",
    "voxelmesh.touches": "voxelmesh.mark_plane",
    "voxelmesh.mark_plane": "voxelmesh.number_nodes",
    "voxelmesh.number_plane": "voxelmesh.number_nodes",
    "voxelmesh.list_layer": "voxelmesh.list_elements",
    "voxelmesh.fix_plane": "voxelmesh.fix_nodes",
    "voxelmesh.link_plane": "voxelmesh.link_nodes",
    "voxelmesh.fill_plane": "voxelmesh.fill_places",
    "voxelmesh.merge_layer": "voxelmesh.merge_moduli",
    "voxelmesh.sum_layer": "voxelmesh.sum_moduli",
}
"""Pieces that only exist for another kernel and are compared with it: piece -> whole."""

DISTANCE = (
    "a part of compute_distance, which is compared with scipy's transform of a padded lattice"
)
BOX = "a part of compute_box_distance, which is compared with scipy's transform of a padded box"
SOLVER = "a part of the solver, whose answer equals a direct sparse solve (fieldtwins.py)"
MEASURED = "sums that measure_fields and sum_lattice report, compared there (measuretwins.py)"

EXCEPTIONS = {
    "boxdistance.find_borders": BOX,
    "boxdistance.search_slabs": BOX,
    "distance.find_nearest": DISTANCE,
    "distance.find_envelope": DISTANCE,
    "distance.measure_slabs": DISTANCE,
    "levels.sum_surface": MEASURED,
    "gather.make_marks": "room for marks; its length is checked where they are gathered",
    "levels.add_all": MEASURED,
    "levels.add_listed": MEASURED,
    "levels.fill_occupancy": MEASURED,
    "levels.sum_weighted": MEASURED,
    "levels.sum_open": MEASURED,
    "mineral.sum_tissue": MEASURED,
    "multigrid.add_bits": SOLVER,
    "multigrid.coarsen_bits": SOLVER,
    "multigrid.correct_level": SOLVER,
    "multigrid.fill_shares": SOLVER,
    "multigrid.invert_levels": SOLVER,
    "multigrid.relax_level": SOLVER,
    "multigrid.relax_level_parallel": SOLVER,
    "multigrid.sum_faces": SOLVER,
    "multigrid.coarsen_faces": SOLVER,
    "multigrid.stretch_faces": SOLVER,
    "multigrid.sum_level_row": SOLVER,
    "multigrid.compute_residual_level": SOLVER,
    "multigrid.compute_residual_level_parallel": SOLVER,
    "multigrid.restrict_mean": SOLVER,
    "multigrid.prolong_level": SOLVER,
    "multigrid.restrict_all": SOLVER,
    "multigrid.sawtooth": SOLVER,
    "stencil.sum_row": SOLVER,
    "stencil.relax_fine": SOLVER,
    "stencil.sum_squares": SOLVER,
    "stencil.restrict_residual_fine": SOLVER,
    "stencil.subtract_row": SOLVER,
    "stencil.add_sums": SOLVER,
}
"""Kernels without a twin of their own, and what holds them instead."""


def list_twins():
    """Every kernel with a twin: ``file.kernel`` -> ``file.twin``."""
    same = {f"{file}.{name}": f"{file}.{name}" for file, names in TWINS.items() for name in names}
    return same | OTHERWISE_NAMED
