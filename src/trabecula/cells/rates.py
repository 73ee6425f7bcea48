"""From the parameter table and the hormones' signals to the rates that kernels take."""

from collections.abc import Mapping
from functools import cache

import numpy as np

from trabecula.base.codes import FULL, SURFACE_PER_VOXEL, Population, Target
from trabecula.kernels.lining import LiningRates
from trabecula.kernels.osteoblasts import OsteoblastRates
from trabecula.kernels.osteoclasts import OsteoclastRates
from trabecula.kernels.osteocytes import OsteocyteRates
from trabecula.kernels.places import Choice
from trabecula.kernels.precursors import PrecursorRates
from trabecula.kernels.space import make_ball, make_ways
from trabecula.state import Grid, Signals

PER_MM3 = 1e-9
"""1/mm^3 in 1/um^3: densities stand in the table as papers give them."""

TUNED = 20.0
"""Voxel (um) on which rows that a voxel's size enters were tuned."""

Table = Mapping[str, float]


def make_precursor_rates(p: Table, signals: Signals) -> PrecursorRates:
    """Rates of supply, motion and differentiation."""
    life = p["cells.precursor.life"]
    supply = signals.get(Target.PRECURSOR_SUPPLY, Population.PRECURSOR)
    differentiation = signals.get(Target.DIFFERENTIATION, Population.PRECURSOR)
    death = signals.get(Target.DEATH, Population.PRECURSOR)
    return PrecursorRates(
        influx=p["cells.precursor.density"] * PER_MM3 / life * supply,
        motility=p["cells.precursor.motility"],
        chemotaxis=p["cells.precursor.chemotaxis"],
        adhesion=p["cells.precursor.adhesion"] * differentiation,
        half=p["cells.rank.half"],
        power=p["cells.rank.power"],
        kd=p["fields.rank.kd"],
        death=death / life,
        mcsf_half=p["cells.precursor.mcsf_half"],
        tnf_half=p["cells.precursor.tnf_half"],
        tnf_max=p["cells.precursor.tnf_max"],
        alarmin_half=p["cells.rank.alarmin_half"],
        alarmin_max=p["cells.rank.alarmin_max"],
    )


def make_osteoclast_rates(p: Table, signals: Signals, grid: Grid) -> OsteoclastRates:
    """Rates of fusion, nuclear death and resorption."""
    border = max(1.0, p["cells.osteoclast.border"] / grid.voxel)
    look = p["cells.osteoclast.look"] / grid.voxel
    return OsteoclastRates(
        fusion=p["cells.osteoclast.fusion"],
        most=int(p["cells.osteoclast.most_nuclei"]),
        fewest=int(p["cells.osteoclast.fewest_nuclei"]),
        death=signals.get(Target.DEATH, Population.OSTEOCLAST) / p["cells.osteoclast.nucleus_life"],
        survival=p["cells.osteoclast.survival"],
        half=p["cells.rank.half"],
        power=p["cells.rank.power"],
        kd=p["fields.rank.kd"],
        tgfb_half=p["cells.osteoclast.tgfb_half"],
        tgfb_max=p["cells.osteoclast.tgfb_max"],
        il1_half=p["cells.osteoclast.il1_half"],
        il1_max=p["cells.osteoclast.il1_max"],
        work=p["cells.osteoclast.work"]
        * signals.get(Target.RESORPTION_ACTIVITY, Population.OSTEOCLAST),
        area=p["cells.osteoclast.area"],
        speed=p["cells.osteoclast.speed"],
        stride=max(1, int(look + 1e-9)),
        look=max(3.0, look**2),
        seam=compute_seam(p, grid),
        release=p["cells.factor.yield"],
        room=p["cells.osteoclast.room"] * limit_room(p["cells.osteoclast.border"], grid.voxel),
        border=make_ball(border),
        ways=make_ways(border),
        levelling=p["cells.osteoclast.levelling"],
        idle_half=p["cells.osteoclast.idle_half"],
        idle_max=p["cells.osteoclast.idle_max"],
        exposed=p["cells.osteoclast.choice_exposed"],
        begun=p["cells.osteoclast.choice_begun"],
        signal=p["cells.osteoclast.choice_signal"],
    )


def make_osteoblast_rates(p: Table, signals: Signals, grid: Grid) -> OsteoblastRates:
    """Rates of recruitment, activation, apposition and death."""
    quanta = FULL / grid.voxel_volume
    places = count_places(p, grid)
    area = grid.voxel_surface / places
    death = signals.get(Target.DEATH, Population.OSTEOBLAST)
    recruitment = signals.get(Target.RECRUITMENT, Population.OSTEOBLAST)
    synthesis = signals.get(Target.SYNTHESIS, Population.OSTEOBLAST)
    return OsteoblastRates(
        recruitment=p["cells.osteoblast.recruitment"] * recruitment,
        # the half dose is a density on the surface, so it scales with the voxel's face
        bound_half=p["cells.osteoblast.bound_half"] * (grid.voxel / TUNED) ** 2 * quanta,
        tgfb_half=p["cells.osteoblast.tgfb_half"],
        tgfb_max=p["cells.osteoblast.tgfb_max"],
        igf1_half=p["cells.osteoblast.igf1_half"],
        igf1_max=p["cells.osteoblast.igf1_max"],
        places=places,
        pit_places=int(p["cells.osteoblast.pit_places"]),
        choice=Choice(
            begun=p["cells.osteoblast.choice_begun"],
            eroded=p["cells.osteoblast.choice_eroded"],
            crowd=p["cells.osteoblast.choice_crowd"],
            step=p["cells.osteoblast.choice_step"],
            reach=count_reach(p, grid),
        ),
        maturation=p["cells.osteoblast.maturation"],
        density=p["cells.osteoblast.density"],
        clearance=p["cells.osteoblast.clearance"],
        death_young=death / p["cells.osteoblast.young_life"],
        death=death / p["cells.osteoblast.life"],
        speed=p["cells.osteoblast.speed"] * synthesis,
        area=area,
        eager=p["cells.osteoblast.eager"],
        uptake=p["cells.osteoblast.uptake"] * quanta,
        purse=p["cells.osteoblast.purse"] * quanta * area / p["cells.osteoblast.area"],
        gain=p["cells.osteoblast.gain"] * signals.get(Target.GAIN, Population.OSTEOBLAST),
        sclerostin_ref=p["cells.osteoblast.sclerostin_ref"],
        sclerostin_max=p["cells.osteoblast.sclerostin_max"],
        hollow=p["cells.osteoblast.hollow"],
        crowding=p["cells.osteoblast.crowding"],
        crawl=p["cells.osteoblast.crawl"] * p["cells.osteoblast.reach"] / grid.voxel,
        reach=count_reach(p, grid),
        crumb=int(p["cells.osteoblast.crumb"] * quanta),
        osteocytes=p["cells.osteocyte.density"] * PER_MM3,
        lining_share=p["cells.osteoblast.lining_share"],
    )


def make_lining_rates(p: Table, grid: Grid) -> LiningRates:
    """Rates of opening and covering."""
    return LiningRates(
        opening=p["cells.lining.opening"],
        half=p["cells.rank.half"],
        power=p["cells.rank.power"],
        kd=p["fields.rank.kd"],
        covering=p["cells.lining.covering"],
        reach=count_reach(p, grid),
        clearance=p["cells.osteoblast.clearance"],
        seam=compute_seam(p, grid),
        # a cell stands for the surface of its voxel: where that is small, fewer of them wake
        waking=p["cells.lining.waking"] * compute_share(p, grid),
        waking_half=p["cells.lining.waking_half"] * compute_face(grid),
        alarmin_half=p["cells.rank.alarmin_half"],
        alarmin_max=p["cells.rank.alarmin_max"],
    )


def compute_face(grid: Grid) -> float:
    """Quanta of matrix that one um of thickness on the surface of a voxel takes."""
    return SURFACE_PER_VOXEL * FULL / grid.voxel


def make_osteocyte_rates(p: Table, signals: Signals) -> OsteocyteRates:
    """Rates of ageing and of the clusters of death that start a site."""
    trigger = signals.get(Target.TRIGGER_RATE, Population.OSTEOCYTE)
    return OsteocyteRates(
        death=signals.get(Target.DEATH, Population.OSTEOCYTE) / p["cells.osteocyte.life"],
        trigger=p["cells.osteocyte.trigger"] * trigger,
        depth=p["cells.osteocyte.trigger_depth"],
        radius=p["cells.osteocyte.trigger_radius"],
        share=p["cells.osteocyte.trigger_share"],
        emission=p["cells.osteocyte.emission"],
        fading=1.0 / p["cells.osteocyte.fading"],
        young=p["cells.bone.young"],
        thinning=1.0 / p["cells.osteocyte.life"],
    )


def compute_seam(p: Table, grid: Grid) -> int:
    """Osteoid of a voxel that counts as a seam (quanta)."""
    return int(p["lattice.osteoid.seam"] / grid.voxel * FULL)


def compute_share(p: Table, grid: Grid) -> float:
    """Lining cells that the one in a voxel stands for."""
    return grid.voxel_surface / p["cells.lining.area"]


def limit_room(border: float, voxel: float) -> float:
    """Share of its room (1) that a ruffled border (um) can ask for on voxels of that edge (um).

    The wider a voxel, the deeper lies the middle of the first layer of flat bone, and the less of the
    ball around it is open: where that is less than on the voxels on which the room was tuned, the
    room shrinks with it, since flat bone could not be attacked otherwise.
    """
    here, tuned = (compute_openness(max(1.0, border / edge)) for edge in (voxel, TUNED))
    return min(1.0, here / tuned)


@cache
def compute_openness(radius: float) -> float:
    """Open share of the ball of `radius` (voxels) around a voxel in the first layer of flat bone (1)."""
    ball = make_ball(radius)
    return float(np.count_nonzero(ball[:, 0] > 0)) / (len(ball) - 1)


def count_reach(p: Table, grid: Grid) -> int:
    """Voxels that a cell reaches from its own, at least one."""
    return max(1, round(p["cells.osteoblast.reach"] / grid.voxel))


def count_places(p: Table, grid: Grid) -> int:
    """Osteoblasts that fit on the surface of one voxel, at least one."""
    return max(1, round(grid.voxel_surface / p["cells.osteoblast.area"]))
