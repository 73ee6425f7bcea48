"""Osteoclasts one by one."""

import math
from itertools import product

import numpy as np

from trabecula.base.codes import FULL, HALF, Stream
from twins.keyed import draw, draw_bits, happens
from twins.ligands import boost, feel, occupancy
from twins.reach import share_bony
from twins.sites import add_time
from twins.space import (
    faces_of,
    fill_contact,
    half,
    is_bone,
    join,
    nearest_first,
    neighbour,
    split,
    squared,
    steps_between,
)
from twins.surface import AREA


def radius_of(nuclei, area):
    """Radius (um) of the disc that so many nuclei cover."""
    return math.sqrt(area * int(nuclei) / math.pi)


def fuse_osteoclasts(table, order, space, moment, rates):
    """Every pair of discs that overlap, in order of precedence; the one with fewer nuclei ends."""
    fusions = 0
    for i in order:
        for j in order:
            alive = table.uid[i] != 0 and table.uid[j] != 0 and i != j
            if not alive or table.nuclei[j] > table.nuclei[i]:
                continue
            if table.nuclei[i] + table.nuclei[j] > rates.most:
                continue
            a, b = split(table.voxel[i], space), split(table.voxel[j], space)
            gap = math.sqrt(squared(steps_between(a, b, space))) * space.voxel
            if gap > sum(radius_of(table.nuclei[k], rates.area) for k in (i, j)):
                continue
            pair = int(table.uid[i]) ^ int(table.uid[j])
            if happens(moment, Stream.FUSION, pair, 0, rates.fusion):
                table.nuclei[i] += table.nuclei[j]
                table.carry[i] += table.carry[j]
                table.uid[j] = 0
                fusions += 1
    return fusions


def turn_over_nuclei(table, count, ligands, space, moment, rates):
    """A draw for every nucleus."""
    nuclei = cells = 0
    for i in range(count):
        if table.uid[i] == 0:
            continue
        place = split(table.voxel[i], space)
        longer = 1 + rates.survival * feel(ligands, rates, place)
        longer *= boost(ligands.il1[half(place)], rates.il1_half, rates.il1_max)
        shorter = boost(ligands.tgfb[half(place)], rates.tgfb_half, rates.tgfb_max)
        shorter *= boost(table.idle[i], rates.idle_half, rates.idle_max)
        rate = rates.death * shorter / longer
        lost = sum(
            happens(moment, Stream.NUCLEI, table.uid[i], k, rate) for k in range(table.nuclei[i])
        )
        table.nuclei[i] -= lost
        nuclei += lost
        if table.nuclei[i] == 0:
            table.uid[i] = 0
            cells += 1
    return nuclei, cells


def move_osteoclasts(table, order, scene, ligands, space, moment, rates):
    """Each goes the voxels that fall due within the step, one by one, to where value is most."""
    for i in order:
        if table.uid[i] == 0:
            continue
        place = split(table.voxel[i], space)
        phase = draw(moment.seed, Stream.RESORPTION, 0, table.uid[i], 1)
        gone = [math.floor(rates.speed / (rates.stride * space.voxel) * t + phase)
                for t in (moment.time, moment.time + moment.dt)]  # fmt: skip
        for _ in range(*gone):
            best = find_ground(scene, ligands, space, rates, *place)
            scene.osteoclasts[place] -= 1
            scene.osteoclasts[best] += 1
            place = best
        table.voxel[i] = join(place, space)


def find_ground(scene, ligands, space, rates, z, y, x):
    """The place of most value around; where none is better, or there is none, the cell's own."""
    place = (z, y, x)
    steps = range(-rates.stride, rates.stride + 1)
    offsets = [o for o in product(steps, repeat=3) if sum(d * d for d in o) <= rates.look]
    around = [neighbour(place, offset, space) for offset in offsets]
    choice = [p for p in around if scene.contact[p] > 0 and scene.osteoblasts[p] == 0]
    if scene.contact[place] > 0 or not choice:
        choice.insert(0, place)
    return max(choice, key=lambda p: value_ground(scene, ligands, space, rates, *p))


def value_ground(scene, ligands, space, rates, z, y, x):
    """Signal times openness to a power."""
    openness = share_open(scene.matrix, space, rates.border, rates.ways, z, y, x)
    return occupancy(ligands, rates.kd, z, y, x) * openness**rates.levelling


def share_open(matrix, space, ball, ways, z, y, x):
    """Share of the offsets after the first to which open voxels lead, face by face, ever outwards."""
    within = {tuple(offset) for offset in ball.tolist()}
    reached, edge = set(), {(0, 0, 0)}
    while edge:
        outward = {
            tuple(d + s * (i == axis) for i, d in enumerate(offset))
            for offset in edge
            for axis in range(3)
            for s in (-1, 1)
            if s * offset[axis] >= 0
        }
        edge = {
            offset
            for offset in (outward & within) - reached
            if not is_bone(matrix, neighbour((z, y, x), offset, space))
        }
        reached |= edge
    return len(reached) / (len(within) - 1)


def score_target(scene, ligands, space, rates, z, y, x):
    """Exposure, begun work and signal, each with its weight; -1 out of reach."""
    here = (z, y, x)

    def is_covered(place):
        return scene.lining[place] > 0 or scene.osteoblasts[place] > 0

    if scene.matrix[here] == 0 or scene.osteoid[here] > rates.seam or is_covered(here):
        return -1.0
    doors = [p for p in faces_of(here, space) if not is_bone(scene.matrix, p) and not is_covered(p)]
    bony = share_bony(scene.matrix, z, y, x, rates.stride, space)
    if not doors:
        return -1.0
    dug = (FULL - int(scene.matrix[here])) / FULL
    theta = max(feel(ligands, rates, p) for p in doors)
    return rates.exposed * (1 - bony) + rates.begun * dug + rates.signal * theta


def fits(matrix, space, rates, z, y, x):
    """A begun place always; a whole one where the border has room."""
    begun = matrix[z, y, x] < FULL
    return bool(begun or share_open(matrix, space, rates.border, rates.ways, z, y, x) >= rates.room)


def first_touch(lattice, scene, space, site, z, y, x):
    """Layer 0 beside surface that the site did not open itself, else one deeper than beside it."""
    doors = [p for p in faces_of((z, y, x), space) if not is_bone(scene.matrix, p)]
    own = [lattice.site[p] == site and lattice.eroded[p] != 0 for p in doors]
    layer = 1 + min((int(lattice.layer[p]) for p in doors), default=254) if all(own) else 0
    lattice.site[z, y, x] = site
    lattice.layer[z, y, x] = min(layer, 255)


def measure_opened(lattice, scene, space, site, place):
    """Area of the faces that were open before the site dug beside them, by their arrangement."""
    doors = [
        not is_bone(scene.matrix, p) and (lattice.site[p] != site or lattice.eroded[p] == 0)
        for p in faces_of(place, space)
    ]
    pairs = sum(doors[axis] and doors[axis + 1] for axis in (0, 2, 4))
    area = np.float32(
        max(AREA[sum(doors), pairs], AREA[1, 0])
    )  # the table of areas is of this kind
    return float(area) * space.voxel**2


def choose_target(scene, ligands, here, radius, space_moment_rates_ball):
    """The place in reach with the highest score, a twentieth of which is a draw of the place."""
    space, moment, rates, ball = space_moment_rates_ball
    best, choice = -1.0, None
    for offset in nearest_first(ball):
        place = neighbour(here, offset, space)
        if squared(offset) > radius**2 or scene.matrix[place] == 0:
            continue
        score = score_target(scene, ligands, space, rates, *place)
        flat = join(place, space)
        bits = draw_bits(moment.seed, Stream.RESORPTION, moment.step, flat, 7)
        value = score + 0.05 * (bits >> 40) / 2**24
        if score >= 0 and value > best and fits(scene.matrix, space, rates, *place):
            best, choice = value, place
    return choice


def take(lattice, scene, sites, site, place, wish, context):
    """Take `wish` quanta or all there is; its factor stays at the place. Returns (taken, factor)."""
    space, moment, rates, _ = context
    if lattice.site[place] != site:
        first_touch(lattice, scene, space, site, *place)
    before = int(lattice.matrix[place])
    taken = min(before, wish)
    factor = math.floor(rates.release * taken + 0.5)
    lattice.matrix[place] -= taken
    lattice.osteoid[place] = min(int(lattice.osteoid[place]), before - taken)
    lattice.resorbed[place] = moment.time
    lattice.bound[place] += factor
    if before >= HALF > before - taken:
        layer = int(lattice.layer[place])
        lattice.eroded[place] = 1
        if layer == 0:
            sites.mouth[site - 1] += 1
            sites.opened[site - 1] += measure_opened(lattice, scene, space, site, place)
        sites.deepest[site - 1] = max(int(sites.deepest[site - 1]), layer + 1)
        fill_contact(lattice.matrix, space, scene.contact)
    return taken, factor


def resorb(table, order, scene, ligands, lattice, sites, space_moment_rates_ball):
    """The day's matrix of every osteoclast with nuclei enough or a site, place by place."""
    space, moment, rates, _ = space_moment_rates_ball
    resorbed = released = 0
    for i in order:
        table.work[i] = 0
        is_large, has_begun = table.nuclei[i] >= rates.fewest, table.site[i] > 0
        if table.uid[i] == 0 or not (is_large or has_begun):
            continue
        here, site = split(table.voxel[i], space), int(table.site[i])
        radius = max(radius_of(table.nuclei[i], rates.area) / space.voxel, 1.75)
        per_day = FULL / space.voxel**3 * moment.dt
        day = rates.work * int(table.nuclei[i]) * per_day
        table.carry[i] += day
        done, unspent = 0, 0.0
        while table.carry[i] >= 1:
            place = choose_target(scene, ligands, here, radius, space_moment_rates_ball)
            if place is None:
                unspent = min(1.0, table.carry[i] / day)
                table.carry[i] = 0
                break
            taken, factor = take(
                lattice, scene, sites, site, place, int(table.carry[i]), space_moment_rates_ball
            )
            table.carry[i] -= taken
            done += taken
            released += factor
        if done > 0:
            table.work[i] = done / per_day
            table.idle[i] = 0
            book(sites, site - 1, done, int(table.nuclei[i]), moment)
            resorbed += done
        table.idle[i] = np.float32(float(table.idle[i]) + unspent * moment.dt)
    return resorbed, released


def book(sites, row, done, nuclei, moment):
    """Enter a day's work of one cell in the books of its site."""
    if np.isnan(sites.first_resorbed[row]):
        sites.first_resorbed[row] = moment.time
    sites.last_resorbed[row] = moment.time
    age = moment.time - sites.activated[row]
    add_time(sites.resorbed_mean, sites.resorbed_spread, row, sites.resorbed[row], done, age)
    sites.resorbed[row] += done
    sites.nuclei_days[row] += nuclei * moment.dt
    sites.nuclei_peak[row] = max(int(sites.nuclei_peak[row]), nuclei)
