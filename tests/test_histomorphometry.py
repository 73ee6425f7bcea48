"""Surfaces, cells, rates, periods and density against hand-made bones with known answers."""

import math

import numpy as np
import pytest

from bones import add_slab, make_empty
from trabecula.base.codes import FULL, Phase, Sides, Stage
from trabecula.morphometry import measure_structure
from trabecula.morphometry.histometrics import HISTOMETRICS
from trabecula.morphometry.histomorphometry import measure_histomorphometry
from trabecula.morphometry.history import History

PARAMETERS = {
    "cells.osteoclast.area": 600.0,
    "cells.osteoclast.fewest_nuclei": 3.0,
    "cells.osteoblast.area": 130.0,
    "lattice.mineral.density": 1200.0,
    "lattice.osteoid.seam": 1.0,
}
PLANE = 0.894
"""Area that the surface measure gives a face in a plane along the axes."""


def measure(state, history=None):
    return measure_histomorphometry(state, history or History(), PARAMETERS)


def make_slab():
    """4 of 8 layers are bone: 2 x 64 open faces, at z = 1 (below) and z = 6 (above)."""
    state = make_empty((8, 8, 8))
    add_slab(state, 2, 6)
    return state


def surface_of(faces):
    return faces * PLANE * 400e-6


def test_every_metric_has_a_name_and_a_unit():
    assert set(measure(make_slab())) == set(HISTOMETRICS)


def test_quiet_slab():
    found = measure(make_slab())
    assert found["bv_tv"] == 0.5
    for key in ("os_bs", "es_bs", "ob_s_bs", "oc_s_bs", "ms_bs", "ov_bv", "n_sites"):
        assert found[key] == 0.0, key
    for key in ("resorption_rate", "turnover", "g_eff", "e_de", "rs_p", "mar"):
        assert math.isnan(found[key]), key


def test_empty_lattice_has_no_ratio_and_no_warning():
    with np.errstate(all="raise"):
        found = measure(make_empty())
    assert found["bv_tv"] == 0.0
    assert math.isnan(found["os_bs"])
    assert math.isnan(found["n_oc_bs"])


def test_surfaces_count_faces():
    state = make_slab()
    state.lattice.osteoid[5, :4, :4] = FULL // 20  # one um, on the bone side: 16 faces
    state.lattice.osteoid[6, 0, 4:8] = FULL // 40  # half a um: not seen
    state.lattice.osteoid[1, 0, :2] = FULL // 10  # in the open voxel: 2 faces
    state.lattice.eroded[6, 7, :] = 1  # 8 faces
    state.lattice.eroded[7, 7, :] = 1  # open, but not beside bone
    found = measure(state)
    assert found["os_bs"] == pytest.approx(18 / 128)
    assert found["es_bs"] == pytest.approx(8 / 128)


def test_cells_on_the_surface():
    state = make_slab()
    at = [6 * 64 + i for i in range(5)]
    stage = [Stage.ACTIVE] * 3 + [Stage.PREOSTEOBLAST] * 2
    state.cells.osteoblasts.append(uid=range(1, 6), voxel=at, stage=stage, dose=[9, 9, 0, 9, 9])
    state.cells.osteoclasts.append(uid=[9, 8], voxel=[6 * 64 + 20, 6 * 64 + 40], nuclei=[4, 2])
    state.cells.osteocytes.append(uid=range(1, 33), voxel=range(128, 160))
    found = measure(state)
    surface = surface_of(128)
    surface_voxels = 128 * PLANE
    assert found["ob_s_bs"] == pytest.approx(3 * 130 / 400 / surface_voxels)
    assert found["ms_bs"] == pytest.approx(2 * 130 / 400 / surface_voxels)  # one has spent all
    assert found["oc_s_bs"] == pytest.approx(6 * 600 / 400 / (128 * PLANE))
    assert found["n_ob_bs"] == pytest.approx(3 / surface)
    assert found["n_oc_bs"] == pytest.approx(2 / surface)
    assert found["n_ot_bv"] == pytest.approx(32 / (256 * 8e-6))
    assert found["n_oc_tv"] == pytest.approx(2 / (512 * 8e-6))
    assert found["n_multinucleate"] == 1
    assert found["n_nuclei"] == 6
    assert found["n_preosteoblasts"] == 2
    # discs of 4 and 2 nuclei, 2400 and 1200 um^2: r = 27.6 and 19.5 um, calipers 43.4 and 30.7 um
    calipers = [math.pi / 2 * math.sqrt(area / math.pi) * 1e-3 for area in (2400, 1200)]
    assert found["n_oc_bs_2d"] == pytest.approx(sum(calipers) / surface * 4 / math.pi)
    assert found["n_ob_bs_2d"] == pytest.approx(
        3 / surface * math.pi / 2 * math.sqrt(130 / math.pi) * 1e-3 * 4 / math.pi
    )


def test_section_counts_match_a_simulated_section():
    """Discs of random place and orientation, cut by a plane: N_A = N_V x pi r / 2."""
    rng = np.random.default_rng(3)
    radius, count, depth = 20.0, 400_000, 200.0
    centre = rng.uniform(0, depth, count)
    cosine = rng.uniform(-1, 1, count)
    half = radius * np.sqrt(1 - cosine**2)
    hits = (np.abs(centre - depth / 2) < half).mean()
    assert hits * depth == pytest.approx(math.pi / 2 * radius, rel=0.01)


def test_rates_follow_the_ledger():
    state = make_slab()
    history = History()
    quantum = 8000 / FULL
    for day in range(401):
        state.clock.step = day
        state.volume.formed = 3 * day * FULL // 10
        state.volume.resorbed = 2 * day * FULL // 10 if day < 390 else 78 * FULL + (day - 390)
        state.coupling.released = 4 * day * FULL // 10
        history.add(state)
    assert len(history.rows) <= 368
    state.cells.osteoblasts.append(
        uid=range(1, 9), voxel=range(6 * 64, 6 * 64 + 8), stage=Stage.ACTIVE, dose=5
    )
    found = measure(state, history)
    assert found["formation_rate"] == pytest.approx(0.3 * 8000, rel=1e-4)
    resorbed = state.volume.resorbed - 2 * 370 * FULL // 10
    assert found["resorption_rate"] == pytest.approx(resorbed * quantum / 30)
    assert found["g_eff"] == pytest.approx(0.75, rel=1e-4)
    assert found["bfr_bs"] == pytest.approx(2400 * 365.25 / (surface_of(128) * 1e6), rel=1e-4)
    assert found["ms_bs"] == pytest.approx(8 * 130 / 400 / (128 * PLANE))
    assert found["mar"] * found["ms_bs"] * 365.25 == pytest.approx(found["bfr_bs"])


def test_turnover_is_percent_of_bone_a_year():
    state = make_slab()
    history = History()
    history.add(state)
    state.clock.step = 73
    state.volume.formed = 12 * FULL
    state.volume.resorbed = 8 * FULL
    history.add(state)
    expected = 100 * 10 / 256 * 365.25 / 73
    assert measure(state, history)["turnover"] == pytest.approx(expected)


def test_history_survives_storage_and_repeats():
    state = make_slab()
    history = History()
    for day in (0, 7, 7, 14):
        state.clock.step = day
        state.volume.formed += 2**40
        history.add(state)
    again = History(history.to_rows())
    assert list(again.rows) == list(history.rows)
    assert [row.time for row in again.rows] == [0.0, 7.0, 14.0]
    assert again.compute_window(7.0) == history.compute_window(7.0)
    assert history.compute_window(7.0).formed == 2**40
    assert history.compute_window(8.0).time == 14.0
    assert History().compute_window(7.0) is None


def test_sites_of_the_last_year_by_area():
    state = make_slab()
    state.clock.step = 400
    done, early = Phase.COMPLETE, 400 - 370
    state.sites.append(
        activated=[50, 60, 0, 70, 390],
        phase=[done, done, done, Phase.ABANDONED, Phase.RESORPTION],
        first_resorbed=[55.0, 65, 1, 75, 391],
        last_resorbed=[95.0, 105, 2, 95, 392],
        first_formed=[105.0, 125, 3, math.nan, math.nan],
        last_formed=[225.0, 325, 4, math.nan, math.nan],
        ended=[300.0, 330, early, 200, math.nan],
        mouth=[30, 10, 7, 9, 2],
        opened=[12000.0, 4000.0, 2800.0, 3600.0, 800.0],
        deepest=[3, 2, 1, 1, 1],
        resorbed_spread=[40.0**2 / 12, 40.0**2 / 12, 1, 1, 1],
        formed_spread=[120.0**2 / 12, 200.0**2 / 12, 1, 0, 0],
        reversal=[20 * 10.0, 8 * 20.0, 5, 0, 0],
        reversed=[20, 8, 5, 0, 0],
        resorbed=[60 * FULL, 10 * FULL, FULL, FULL, FULL],
        formed=[45 * FULL, 10 * FULL, FULL, 0, 0],
    )
    found = measure(state)
    assert found["e_de"] == pytest.approx((60 + 10) * 20 / 40)
    assert found["w_th"] == pytest.approx((45 + 10) * 20 / 40)
    assert found["rs_p"] == pytest.approx(40.0)
    assert found["rv_p"] == pytest.approx((30 * 10 + 10 * 20) / 40)
    assert found["fp"] == pytest.approx((30 * 120 + 10 * 200) / 40)
    assert found["ac_f"] == pytest.approx(40 * 400e-6 / surface_of(128))
    state.clock.zero = 300  # of a life of 100 d, sites of 100 d
    state.clock.step, state.sites.rows.ended[:3] = 100, [-220.0, -210.0, -900.0]
    assert measure(state)["ac_f"] == pytest.approx(40 * 400e-6 / surface_of(128) * 365.25 / 100)
    state.clock.zero, state.clock.step = 0, 400
    state.sites.rows.ended[:2] = [300.0, 330.0]
    assert found["n_sites"] == 1
    assert found["n_sites_resorbing"] == 1


def test_mineral_density():
    state = make_slab()
    state.lattice.mineral[2:6] = 0.8
    state.lattice.osteoid[2] = FULL // 2
    found = measure(state)
    assert found["bmd"] == pytest.approx(0.5 * 0.875 * 0.8 * 1200)
    assert found["abmd"] == pytest.approx(found["bmd"] * 1e-3 * 160e-4)
    assert found["mineralisation"] == pytest.approx(0.8)
    assert found["ov_bv"] == pytest.approx(0.125)


def test_areal_density_is_seen_along_y():
    """A lattice of 6, 10 and 8 voxels: the ray passes ten of them, 200 um."""
    state = make_empty((6, 10, 8))
    add_slab(state, 1, 4)
    found = measure(state)
    assert found["bmd"] == pytest.approx(0.5 * 1200)
    assert found["abmd"] == pytest.approx(0.6 * 200e-4)


def cover_twin(state, code):
    """Share of open faces on bone whose open voxel, or bone voxel, satisfies `code`."""
    matrix = state.lattice.matrix >= FULL // 2
    hit = total = 0
    for z, y, x in np.argwhere(matrix):
        for axis in range(3):
            for step in (-1, 1):
                place = [z, y, x]
                place[axis] += step
                n = matrix.shape[axis]
                if state.grid.sides == Sides.PERIODIC:
                    place[axis] %= n
                else:
                    place[axis] = min(max(place[axis], 0), n - 1)
                if not matrix[tuple(place)]:
                    total += 1
                    hit += code((z, y, x), tuple(place))
    return hit / total


@pytest.mark.parametrize("sides", list(Sides))
def test_slabs_of_any_side_agree_with_a_plain_twin(sides):
    """Planes give every open face one weight, so that face counts are the whole truth."""
    state = make_empty((7, 6, 5), sides=sides)
    add_slab(state, 0, 3)
    rng = np.random.default_rng(2)
    state.lattice.eroded[...] = rng.random((7, 6, 5)) < 0.3
    state.lattice.osteoid[...] = rng.integers(0, FULL // 10, (7, 6, 5))
    state.lattice.osteoid[3:] = 0
    found = measure(state)
    eroded, osteoid = state.lattice.eroded, state.lattice.osteoid.astype(int)
    seam = round(FULL / 20)
    scalloped = cover_twin(state, lambda a, b: eroded[b] and osteoid[a] + osteoid[b] < seam)
    assert found["es_bs"] == pytest.approx(scalloped)
    assert 0 < scalloped < cover_twin(state, lambda _, b: eroded[b])
    covered = cover_twin(state, lambda a, b: osteoid[a] + osteoid[b] >= seam)
    assert found["os_bs"] == pytest.approx(covered)
    assert 0 < covered < 1


def test_surface_agrees_with_the_structure_metrics():
    state = make_slab()
    state.lattice.matrix[3, 2:5, 2:5] = 0
    state.lattice.matrix[6, 1, 1] = FULL
    found = measure(state)
    structure = measure_structure(state.lattice.matrix / FULL, 20.0, True, False)
    for key in ("bv_tv", "bs_tv", "bs_bv"):
        assert found[key] == pytest.approx(structure[key]), key
