"""Lining cells one by one."""

from trabecula.base.codes import Phase, Population, Stage, Stream
from twins.keyed import draw, happens, make_uid
from twins.ligands import call
from twins.reach import holds
from twins.space import BLOCK, join, neighbour, places_of, split, squared


def open_surface(table, count, scene, ligands, space, moment, rates):
    """Withdrawal at `opening` times the responses of RANK and to alarmin."""
    opened = 0
    for i in range(count):
        if table.uid[i] == 0:
            continue
        place = split(table.voxel[i], space)
        rate = rates.opening * call(ligands, rates, place)
        worth_a_draw = rate * moment.dt >= 1e-6
        if worth_a_draw and happens(moment, Stream.LINING, table.uid[i], 0, rate):
            table.uid[i] = 0
            scene.lining[place] -= 1
            opened += 1
    return opened


def shift_lining(table, count, scene, space, moment):
    """A cell that lost the surface or shares its voxel takes the nearest free place, or one by lot."""
    shed = 0
    for i in range(count):
        if table.uid[i] == 0:
            continue
        place = split(table.voxel[i], space)
        if scene.contact[place] > 0 and scene.lining[place] == 1:
            continue
        scene.lining[place] -= 1
        cover = (scene.lining, scene.osteoblasts, scene.osteoclasts, scene.osteoid)
        free = []
        for rank, offset in enumerate(BLOCK):
            there = neighbour(place, offset, space)
            if scene.contact[there] > 0 and all(c[there] == 0 for c in cover):
                key = (moment.seed, Stream.LINING, moment.step, table.uid[i], 100 + rank)
                free.append((squared(offset), draw(*key), there))
        if free:
            *_, there = min(free)
            scene.lining[there] += 1
            table.voxel[i] = join(there, space)
        else:
            table.uid[i] = 0
            shed += 1
    return shed


def cover_surface(table, count, scene, lattice, space, moment, rates_ball):
    """Bare surface near a lining cell, far from cells at work, without factor: covered at a rate."""
    rates, ball = rates_ball
    parents = scene.lining > 0
    for place in places_of(space):
        flat = join(place, space)
        is_free = scene.contact[place] > 0
        is_free &= scene.lining[place] == 0 and scene.osteoblasts[place] == 0
        is_free &= lattice.bound[place] <= rates.seam
        near = [neighbour(place, offset, space) for offset in ball]
        if (
            not is_free
            or not holds(parents, *place, rates.reach, 1, space)
            or holds(scene.osteoblasts, *place, rates.reach, 1, space)
            or any(scene.osteoclasts[p] > 0 for p in near)
            or not happens(moment, Stream.LINING, flat, 1, rates.covering)
        ):
            continue
        if count == len(table.uid):
            return -1
        table.uid[count] = make_uid(moment.seed, Population.LINING, flat, moment.step, 0)
        table.voxel[count] = flat
        table.born[count] = moment.time
        scene.lining[place] += 1
        lattice.eroded[place] = 0
        count += 1
    return count


def wake_lining(lining, osteoblasts, counts, scene, lattice, phase, space_moment, rates):
    """A lining cell on surface with factor becomes an active osteoblast, of the site if that is open."""
    space, moment = space_moment
    count = counts[1]
    for i in range(counts[0]):
        place = split(lining.voxel[i], space)
        factor = int(lattice.bound[place])
        if lining.uid[i] == 0 or factor == 0:
            continue
        if scene.osteoclasts[place] > 0 or scene.contact[place] == 0:
            continue
        rate = rates.waking * factor / (rates.waking_half + factor)
        if not happens(moment, Stream.LINING, lining.uid[i], 2, rate):
            continue
        if count == len(osteoblasts.uid):
            return -1
        flat = join(place, space)
        born = {"uid": make_uid(moment.seed, Population.OSTEOBLAST, flat, moment.step, 1000)}
        born |= {"voxel": flat, "born": moment.time, "stage": Stage.ACTIVE}
        site = int(lattice.site[place])
        if site and phase[site - 1] not in (Phase.COMPLETE, Phase.ABANDONED):
            born["site"] = site
        for name in osteoblasts._fields:
            getattr(osteoblasts, name)[count] = born.get(name, 0)
        scene.lining[place] -= 1
        scene.osteoblasts[place] += 1
        lining.uid[i] = 0
        count += 1
    return count
