"""A Gaussian process through evaluations: what the loss would be where nobody looked, and how surely.

Places are shares of the rows' ranges, 0..1; each row has a length of its own over which the loss
changes (Rasmussen and Williams 2006, Gaussian Processes for Machine Learning, ch. 2 and 5).
"""

import math

import numpy as np

from trabecula.base.columns import Array

LENGTHS = (0.05, 20.0)
"""Least and largest length of a row (share of its range); the largest is a straight line, or nothing."""

JITTER = 1e-10
GENTLE = 0.02
"""Weight by which a length is drawn to the whole range where the losses say nothing of it."""

CANDIDATES = 512
"""Places among which the most promising is looked for, a power of two."""


class Surrogate:
    """The process, its lengths and noise chosen by the marginal likelihood.

    Parameters
    ----------
    places
        Shape (evaluation, row), shares 0..1.
    losses
        Shape (evaluation,), 1.
    """

    def __init__(self, places: Array, losses: Array) -> None:
        self._places = np.asarray(places, dtype=np.float64)
        losses = np.asarray(losses, dtype=np.float64)
        self._mean = float(losses.mean())
        self._scale = float(losses.std()) or 1.0
        self._values = (losses - self._mean) / self._scale
        self._lengths, self._noise = self._choose()
        kernel = self._compute_kernel(self._places, self._lengths)
        kernel[np.diag_indices_from(kernel)] += self._noise + JITTER
        self._inverse = np.linalg.inv(kernel)
        self._weights = self._inverse @ self._values

    @property
    def noise(self) -> float:
        """Standard deviation of what the rows do not explain (1)."""
        return math.sqrt(self._noise) * self._scale

    def predict(self, places: Array) -> tuple[Array, Array]:
        """Return the loss and its standard deviation, noise left out.

        Parameters
        ----------
        places
            Shape (place, row), shares 0..1.

        Returns
        -------
        tuple
            Two arrays of shape (place,), 1.
        """
        across = self._compute_kernel(np.atleast_2d(places), self._lengths)
        known = (across @ self._inverse * across).sum(axis=1)
        spread = np.sqrt(np.maximum(0.0, 1.0 - known))
        return self._mean + self._scale * (across @ self._weights), self._scale * spread

    def compute_slope(self, place: Array) -> tuple[float, Array]:
        """Return the loss (1) at one place, shape (row,), and its slope, shape (row,), 1 per share."""
        pulls = self._weights * self._compute_kernel(place[None], self._lengths)[0]
        slope = -(pulls @ (place - self._places)) / self._lengths**2
        return self._mean + self._scale * float(pulls.sum()), self._scale * slope

    def find_promising(self, seed: int) -> Array:
        """Return the place where most is to be gained, shape (row,), shares 0..1.

        Gain is the expected improvement over the least that the process has at the evaluations
        (Jones et al. 1998, doi:10.1023/A:1008306431147).
        """
        from scipy.stats import norm, qmc

        means, _ = self.predict(self._places)
        anywhere = qmc.Sobol(self._places.shape[1], scramble=True, rng=seed).random(CANDIDATES)
        best = self._places[int(np.argmin(means))]
        near = [best + reach * (2.0 * anywhere - 1.0) for reach in (0.1, 0.02)]
        places = np.clip(np.concatenate([anywhere, *near]), 0.0, 1.0)
        mean, spread = self.predict(places)
        spread = np.maximum(spread, 1e-12)
        z = (float(means.min()) - mean) / spread
        gain = spread * (z * norm.cdf(z) + norm.pdf(z))
        return np.asarray(places[int(np.argmax(gain))])

    def _compute_kernel(self, places: Array, lengths: Array) -> Array:
        """Return the covariance of `places` with the evaluations, shape (place, evaluation)."""
        apart = (places[:, None, :] - self._places[None, :, :]) / lengths
        return np.asarray(np.exp(-0.5 * (apart**2).sum(axis=2)))

    def _choose(self) -> tuple[Array, float]:
        """Return the lengths (shares) and the variance of the noise that make the losses likeliest."""
        from scipy.optimize import minimize

        count = self._places.shape[1]
        limits = [tuple(map(math.log, LENGTHS))] * count + [(math.log(1e-8), math.log(1.0))]
        best = None
        for length in (0.4, 2.0):
            start = np.array([math.log(length * math.sqrt(count))] * count + [math.log(1e-2)])
            start = np.clip(start, [low for low, _ in limits], [high for _, high in limits])
            found = minimize(self._compute_cost, start, jac=True, method="L-BFGS-B", bounds=limits)
            if best is None or found.fun < best.fun:
                best = found
        assert best is not None
        return np.exp(best.x[:-1]), float(np.exp(best.x[-1]))

    def _compute_cost(self, logs: Array) -> tuple[float, Array]:
        """Return minus the logarithm of the marginal likelihood, scale at its best, and its slope."""
        lengths, noise = np.exp(logs[:-1]), math.exp(logs[-1])
        apart = ((self._places[:, None, :] - self._places[None, :, :]) / lengths) ** 2
        smooth = np.exp(-0.5 * apart.sum(axis=2))
        kernel = smooth + (noise + JITTER) * np.eye(len(smooth))
        sign, logarithm = np.linalg.slogdet(kernel)
        if sign <= 0:
            return 1e9, np.zeros_like(logs)
        inverse = np.linalg.inv(kernel)
        weights, count = inverse @ self._values, len(self._values)
        variance = max(float(self._values @ weights) / count, 1e-12)
        pull = inverse - np.outer(weights, weights) / variance
        slopes = [
            0.5 * float((pull * smooth * apart[:, :, row]).sum()) for row in range(len(lengths))
        ]
        slopes.append(0.5 * noise * float(np.trace(pull)))
        slope = np.array(slopes)
        slope[:-1] += 2.0 * GENTLE * logs[:-1]
        gentle = GENTLE * float((logs[:-1] ** 2).sum())
        return 0.5 * count * math.log(variance) + 0.5 * float(logarithm) + gentle, slope
