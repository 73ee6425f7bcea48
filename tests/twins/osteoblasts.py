"""Osteoblasts one by one."""

import math

import numpy as np

from trabecula.base.codes import FULL, HALF, Phase, Population, Stream
from twins.keyed import draw, draw_below, happens, make_uid
from twins.ligands import boost
from twins.places import move_out
from twins.reach import holds, is_held, measure_hollow, take_near
from twins.sites import add_time
from twins.space import AROUND, half, join, neighbour, places_of, split


def recruit(table, count, scene, lattice, phase, ligands, space_moment_rates):
    """Every free seat of surface with factor is taken at a rate, for its site if that is open."""
    space, moment, rates = space_moment_rates
    for place in places_of(space):
        bound, flat = int(lattice.bound[place]), join(place, space)
        closed = scene.lining[place] > 0 or scene.osteoclasts[place] > 0
        if bound == 0 or closed or scene.contact[place] == 0:
            continue
        rate = rates.recruitment * bound / (rates.bound_half + bound)
        rate *= boost(ligands.tgfb[half(place)], rates.tgfb_half, rates.tgfb_max)
        rate *= boost(ligands.igf1[half(place)], rates.igf1_half, rates.igf1_max)
        for seat in range(rates.places - int(scene.osteoblasts[place])):
            if not happens(moment, Stream.RECRUITMENT, flat, seat, rate):
                continue
            if count == len(table.uid):
                return -1
            site = int(lattice.site[place])
            is_over = site > 0 and phase[site - 1] in (Phase.COMPLETE, Phase.ABANDONED)
            newborn = {
                "uid": make_uid(moment.seed, Population.OSTEOBLAST, flat, moment.step, seat),
                "voxel": flat, "born": moment.time, "site": 0 if is_over else site,
            }  # fmt: skip
            for name in table._fields:
                getattr(table, name)[count] = newborn.get(name, 0)
            scene.osteoblasts[place] += 1
            count += 1
    return count


def lose_osteoblasts(table, count, scene, space, moment, rates):
    """Early death, the young at a rate of their own; what they carry is lost."""
    deaths = lost = 0
    for i in range(count):
        rate = rates.death if table.stage[i] else rates.death_young
        if table.uid[i] and happens(moment, Stream.FATE, table.uid[i], 0, rate):
            scene.osteoblasts[split(table.voxel[i], space)] -= 1
            lost += int(table.dose[i])
            table.dose[i] = table.uid[i] = 0
            deaths += 1
    return deaths, lost


def activate(table, count, scene, lattice, space, moment, rates_ball):
    """Where no osteoclast is near and enough of the pit is held, preosteoblasts begin at a rate."""
    rates, ball = rates_ball
    active = 0
    for i in range(count):
        if table.uid[i] == 0 or table.stage[i] != 0:
            continue
        place = split(table.voxel[i], space)
        near = [neighbour(place, offset, space) for offset in ball]
        open_pit = [p for p in near if scene.contact[p] > 0 and lattice.eroded[p] > 0]
        held = [p for p in open_pit if is_held(scene.osteoblasts, *p, rates.reach)]
        pit = [p for p in open_pit if p in held or lattice.bound[p] > 0]
        is_clear = not any(scene.osteoclasts[p] > 0 for p in near)
        if not is_clear or len(held) < rates.density * len(pit):
            continue
        if happens(moment, Stream.ACTIVATION, table.uid[i], 0, rates.maturation):
            table.stage[i] = 1
            active += 1
    return active


def take_up(table, order, lattice, space, moment, rates):
    """Own voxel first, then those around, up to the day's uptake and what the purse still holds."""
    for i in order:
        if table.uid[i] == 0 or table.stage[i] == 0:
            continue
        chance = draw(moment.seed, Stream.APPOSITION, moment.step, table.uid[i], 3)
        wish = int(
            min(math.floor(rates.uptake * moment.dt + chance), rates.purse - int(table.dose[i]))
        )
        if wish <= 0:
            continue
        place, cube = split(table.voxel[i], space), (2 * rates.reach + 1) ** 3
        first = draw_below(moment.seed, Stream.APPOSITION, moment.step, table.uid[i], 2, cube)
        table.dose[i] += take_near(lattice.bound, *place, rates.reach, wish, space, first)


def compute_brake(ligands, place, rates):
    """Sclerostin's brake: 1 at its reference level."""
    level = float(ligands.sclerostin[half(place)]) / rates.sclerostin_ref
    return (1 + rates.sclerostin_max) / (1 + rates.sclerostin_max * level)


def lay(table, i, scene, lattice, space_moment_rates, wanted):
    """Lay `wanted` quanta voxel by voxel; returns those laid, and when its places were dug."""
    space, moment, rates = space_moment_rates
    laid, dug = 0, []
    while laid < wanted:
        place = split(table.voxel[i], space)
        if lattice.matrix[place] == FULL:
            if not move_out(table, i, scene, lattice, space, rates, -1e9):
                break
            continue
        before = int(lattice.matrix[place])
        part = min(wanted - laid, FULL - before)
        if lattice.resorbed[place] > lattice.formed[place]:
            dug.append(float(lattice.resorbed[place]))
        lattice.matrix[place] += part
        lattice.osteoid[place] += part
        lattice.formed[place] = moment.time
        laid += part
        if before < HALF <= before + part:
            for p in [
                place,
                *(neighbour(place, f, space) for f in AROUND if sum(map(abs, f)) == 1),
            ]:
                bony = sum(
                    int(lattice.matrix[neighbour(p, f, space)]) >= HALF
                    for f in AROUND if sum(map(abs, f)) == 1
                )  # fmt: skip
                scene.contact[p] = 0 if lattice.matrix[p] >= HALF else bony
            part, whole = math.modf(rates.osteocytes * space.voxel**3)
            flat = join(place, space)
            more = draw(moment.seed, Stream.APPOSITION, moment.step, flat, 0) < part
            scene.closed[place] = int(whole) + more
    return laid, dug


def appose(table, order, scene, ligands, lattice, sites, space_moment_rates):
    """The day's osteoid of every active cell, no more than its dose pays for."""
    space, moment, rates = space_moment_rates
    formed = spent = 0
    for i in order:
        if table.uid[i] == 0 or table.stage[i] == 0:
            continue
        place = split(table.voxel[i], space)
        brake = compute_brake(ligands, place, rates)
        laden = 1 + rates.eager * (2 * min(1, int(table.dose[i]) / rates.purse) - 1)
        around = measure_hollow(lattice.matrix, *place, rates.reach, space)
        volume = rates.speed * rates.area * laden * around**rates.hollow * brake * moment.dt
        table.carry[i] += volume * FULL / space.voxel**3
        gain = rates.gain * brake * around**rates.crowding
        pays_for = int((int(table.dose[i]) + table.rest[i]) * gain)
        wanted = int(table.carry[i])
        if pays_for < wanted:
            wanted = pays_for
            table.carry[i] = wanted
        laid, dug = lay(table, i, scene, lattice, space_moment_rates, wanted)
        if laid == 0:
            continue
        table.carry[i] -= laid
        table.rest[i] -= laid / gain
        cost = min(max(math.floor(-table.rest[i]), 0), int(table.dose[i]))
        table.dose[i] -= cost
        table.rest[i] += cost
        formed += laid
        spent += cost
        book(sites, int(table.site[i]) - 1, laid, dug, moment.time)
    return formed, spent


def book(sites, row, laid, dug, time):
    """Enter what was laid, and where formation followed resorption, in the books of a site."""
    if row < 0:
        return
    if np.isnan(sites.first_formed[row]):
        sites.first_formed[row] = time
    sites.last_formed[row] = time
    age = time - sites.activated[row]
    add_time(sites.formed_mean, sites.formed_spread, row, sites.formed[row], laid, age)
    sites.formed[row] += laid
    for day in dug:
        if day >= sites.activated[row]:
            sites.reversal[row] += time - day
            sites.reversed[row] += 1


def end_osteoblasts(table, count, scene, lattice, space, moment, rates):
    """Osteocytes where a closing voxel wants them; the entombed die; the idle line or die."""
    ended = 0
    for i in range(count):
        if table.uid[i] == 0 or table.stage[i] == 0:
            continue
        place = split(table.voxel[i], space)
        fate = 0
        if scene.closed[place] > 0:
            scene.closed[place] -= 1
            fate = 2
        elif lattice.matrix[place] == FULL and not move_out(
            table, i, scene, lattice, space, rates, -1e9
        ):
            fate = 4
        else:
            place = split(table.voxel[i], space)
            least = rates.crumb - int(table.dose[i])
            if not holds(lattice.bound, *place, rates.reach, least, space):
                u = draw(moment.seed, Stream.FATE, moment.step, table.uid[i], 1)
                fate = 3 if u < rates.lining_share else 4
        if fate:
            place = split(table.voxel[i], space)
            lattice.bound[place] += table.dose[i]
            table.dose[i] = 0
            scene.osteoblasts[place] -= 1
            table.stage[i] = fate
            ended += 1
    return ended
