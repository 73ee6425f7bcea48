"""The tables of cells: canonical order, and the dead that go."""

import numpy as np
import pytest

from trabecula.base.columns import columns_of
from trabecula.base.layouts import Osteoclasts, Precursors
from trabecula.state import Table


def make_table(voxel, uid):
    table = Table(Precursors)
    table.append(
        uid=np.array(uid, np.uint64), voxel=np.array(voxel), born=np.arange(len(uid)) * 1.0
    )
    return table


@pytest.mark.parametrize("places", [1, 3, 40, 10_000])
@pytest.mark.parametrize("disorder", [0, 5, 300])
def test_rows_stand_in_order_of_voxel_then_identity(places, disorder):
    rng = np.random.default_rng(places + disorder)
    count = 300
    uid = rng.integers(1, 2**63, count, dtype=np.uint64)
    voxel = rng.integers(0, places, count)
    order = np.lexsort((uid, voxel))
    voxel, uid = voxel[order], uid[order]
    moved = rng.choice(count, min(disorder, count), replace=False)
    voxel[moved], uid[moved] = voxel[rng.permutation(moved)], uid[rng.permutation(moved)]
    table = make_table(voxel, uid)
    table.sort()
    expected = sorted(
        (int(v), int(u), float(b)) for b, (v, u) in enumerate(zip(voxel, uid, strict=True))
    )
    rows = table.rows
    assert [
        (int(v), int(u), float(b)) for v, u, b in zip(rows.voxel, rows.uid, rows.born, strict=True)
    ] == expected


@pytest.mark.parametrize("uid", [[], [0], [7], [0, 0], [5, 0, 6, 0], [0, 9]])
def test_the_dead_go_and_the_rest_keep_their_order(uid):
    table = make_table(range(len(uid)), uid) if uid else Table(Precursors)
    table.compact()
    assert table.rows.uid.tolist() == [u for u in uid if u]
    assert table.rows.voxel.tolist() == [v for v, u in enumerate(uid) if u]
    table.sort()
    assert table.count == sum(u > 0 for u in uid)


def test_columns_cannot_be_changed_by_who_reads_them():
    columns = columns_of(Osteoclasts)
    assert list(columns) == list(Osteoclasts._fields)
    with pytest.raises(TypeError):
        columns["uid"] = columns["voxel"]


def test_no_rows_are_appended_from_empty_columns_beside_one_number():
    table = make_table([], [])
    table.append(uid=np.zeros(0, np.uint64), voxel=np.zeros(0, int), born=3.0)
    assert table.count == 0
    table.append(uid=5, voxel=7, born=3.0)
    assert (table.count, table.rows.voxel[0], table.rows.born[0]) == (1, 7, 3.0)
