"""Searching, booking and tallying remodelling sites."""

import numpy as np

from trabecula.base.codes import Phase
from trabecula.kernels.compile import kernel
from trabecula.kernels.osteocytes import offset
from trabecula.kernels.space import neighbour, split

COMPLETE = int(Phase.COMPLETE)


@kernel
def keep_open(site, phase):
    """Return a site while it is open, else 0: who comes where a site is over belongs to none."""
    return 0 if site > 0 and phase[site - 1] >= COMPLETE else site


@kernel
def find_live_site(flat, voxel, site, uid, phase, lattice, space_ball):
    """Return the site of the nearest osteoclast within the ball, else of eroded surface there, or 0.

    `phase` holds a row per site; surface counts until its site is in formation.
    """
    space, ball = space_ball
    reach = 0.0
    for k in range(len(ball)):
        reach = max(reach, float(ball[k, 0] ** 2 + ball[k, 1] ** 2 + ball[k, 2] ** 2))
    z, y, x = split(flat, space)
    best = reach + 0.5
    found = 0
    for i in range(len(voxel)):
        if uid[i] == 0 or site[i] == 0:
            continue
        a, b, c = split(voxel[i], space)
        dz = offset(z, a, space.nz, space.periodic)
        dy = offset(y, b, space.ny, space.periodic)
        dx = offset(x, c, space.nx, space.periodic)
        d = dz * dz + dy * dy + dx * dx
        if d < best or (d == best and found > 0 and site[i] < found):
            best = d
            found = site[i]
    if found > 0:
        return found
    for k in range(len(ball)):
        a, b, c = neighbour(z, y, x, ball[k, 0], ball[k, 1], ball[k, 2], space)
        s = lattice.site[a, b, c]
        if s > 0 and lattice.eroded[a, b, c] > 0 and phase[s - 1] <= 1:
            return s
    return 0


@kernel
def add_time(mean, spread, row, held, part, time):
    """Bring mean and variance of a site's time of work up to date (West 1979, weights in quanta).

    `held` quanta were entered before; `part` more at `time` (d after activation).
    """
    total = held + part
    away = time - mean[row]
    mean[row] += away * part / total
    fresh = time - mean[row]
    spread[row] = (spread[row] * held + part * away * fresh) / total


@kernel
def book_resorption(sites, row, done, nuclei, moment):
    """Enter a day's work of one osteoclast, `done` quanta, in the books of its site."""
    if np.isnan(sites.first_resorbed[row]):
        sites.first_resorbed[row] = moment.time
    sites.last_resorbed[row] = moment.time
    age = moment.time - sites.activated[row]
    add_time(sites.resorbed_mean, sites.resorbed_spread, row, sites.resorbed[row], done, age)
    sites.resorbed[row] += done
    sites.nuclei_days[row] += nuclei * moment.dt
    sites.nuclei_peak[row] = max(sites.nuclei_peak[row], nuclei)


@kernel
def book_formation(sites, row, laid, moment):
    """Enter a day's work of one osteoblast, `laid` quanta, in the books of its site."""
    if np.isnan(sites.first_formed[row]):
        sites.first_formed[row] = moment.time
    sites.last_formed[row] = moment.time
    age = moment.time - sites.activated[row]
    add_time(sites.formed_mean, sites.formed_spread, row, sites.formed[row], laid, age)
    sites.formed[row] += laid


@kernel
def tally_sites(bound, site, seam, out):
    """Count, per site, the voxels that hold more than `seam` quanta of bound factor."""
    b = bound.reshape(-1)
    s = site.reshape(-1)
    for i in range(len(b)):
        if b[i] > seam:
            out[s[i]] += 1
