"""The optimiser of every fit: seeded, with a journal, so that a fit can be stopped and gone on with."""

import hashlib
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from trabecula.base.errors import InputError
from trabecula.base.files import guard_writing, make_folder

GIVEN = "given"
"""Attribute of a proposal that the caller made."""

FEWEST = 4
"""Evaluations with a loss from which a Gaussian process is asked."""

if TYPE_CHECKING:
    import optuna


@dataclass(frozen=True)
class Dimension:
    """Between what limits a parameter is looked for.

    Parameters
    ----------
    low, high
        Limits, in the parameter's unit.
    is_log
        Whether ratios count rather than differences.
    """

    low: float
    high: float
    is_log: bool = False

    def to_share(self, value: float) -> float:
        """Return where a value (its unit) lies between the limits, 0..1."""
        if self.is_log:
            return math.log(value / self.low) / math.log(self.high / self.low)
        return (value - self.low) / (self.high - self.low)

    def from_share(self, share: float) -> float:
        """Return the value (its unit) at a share (0..1) of the way between the limits."""
        if self.is_log:
            value = self.low * math.exp(share * math.log(self.high / self.low))
        else:
            value = self.low + share * (self.high - self.low)
        return min(max(value, self.low), self.high)


@dataclass(frozen=True)
class Fit:
    """The best that was found.

    Parameters
    ----------
    values
        By name.
    loss
        What they cost.
    evaluations
        How many were tried in all.
    optimiser
        Its name and version.
    """

    values: Mapping[str, float]
    loss: float
    evaluations: int
    optimiser: str


def _import_optuna() -> Any:
    """Return the module, told to be silent.

    Raises
    ------
    InputError
        If it is not installed.
    """
    try:
        import optuna
    except ImportError as error:
        msg = 'fitting needs optuna; install it with: pip install "trabecula[fit]"'
        raise InputError(msg) from error
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    return optuna


def open_journal(path: Path) -> "optuna.storages.JournalStorage":
    """Open the journal at a path, or begin it.

    Raises
    ------
    InputError
        If optuna is not installed, or the journal is damaged before its last line.
    ResultsError
        If it cannot be written.
    """
    _import_optuna()
    from optuna.storages import JournalStorage
    from optuna.storages.journal import JournalFileBackend

    make_folder(path.parent, "the journal")
    _cut_torn_line(path)
    try:
        return JournalStorage(JournalFileBackend(str(path)))
    except ValueError as error:  # JSON's own among them
        msg = (
            f"{path}: found a damaged line ({error}); allowed: lines as optuna wrote them; put the file "
            "back from a copy, or name another --out"
        )
        raise InputError(msg) from None


def _cut_torn_line(path: Path) -> None:
    """Cut off a last line that was not written to its end: the next one would be added to it.

    Only who holds the folder may do so.
    """
    if not path.is_file():
        return
    with guard_writing(path, "the journal"), path.open("rb+") as handle:
        text = handle.read()
        whole = text.rfind(b"\n") + 1
        if whole < len(text):
            handle.truncate(whole)


def minimise(
    compute_loss: Callable[[Mapping[str, float]], float],
    space: Mapping[str, Dimension],
    evaluations: int,
    seed: int = 1,
    journal: Path | None = None,
    name: str = "fit",
) -> Fit:
    """Look for the least loss, `evaluations` in all, those that a journal has already included.

    The sampler is a tree-structured Parzen estimator over all parameters jointly (Bergstra et al.
    2011; Watanabe 2023, arXiv:2304.11127).

    Parameters
    ----------
    journal
        File in which every evaluation is noted; none if None.

    Raises
    ------
    InputError
        If optuna is not installed.
    """
    optuna = _import_optuna()
    storage = None if journal is None else open_journal(journal)

    def make_sampler(done: int) -> Any:
        return optuna.samplers.TPESampler(
            seed=seed + done, multivariate=True, n_startup_trials=max(20, evaluations // 10),
        )  # fmt: skip

    study = optuna.create_study(storage=storage, study_name=name, load_if_exists=True)
    done = len(study.get_trials(states=(optuna.trial.TrialState.COMPLETE,)))
    study.sampler = make_sampler(done)

    def objective(trial: Any) -> float:
        return compute_loss({
            key: trial.suggest_float(key, side.low, side.high, log=side.is_log)
            for key, side in space.items()
        })  # fmt: skip

    if evaluations > done:
        study.optimize(objective, n_trials=evaluations - done)
    tried = len(study.get_trials(states=(optuna.trial.TrialState.COMPLETE,)))
    optimiser = f"optuna {optuna.__version__}, multivariate TPE, seed {seed}"
    return Fit(dict(study.best_params), float(study.best_value), tried, optimiser)


@dataclass(frozen=True)
class Proposal:
    """A parameter set that is to be evaluated.

    Parameters
    ----------
    number
        Its place among those of its search.
    values
        By name, in each parameter's unit.
    """

    number: int
    values: Mapping[str, float]


class Search:
    """Proposals one by one, each in the journal before it is evaluated, with what became of it after.

    A proposal depends on the seed, its number and what was told before it, on nothing else: neither
    a stop nor the number of workers changes what is tried. The first ones fill the box evenly (Sobol's
    points); later ones come in turns from a tree-structured Parzen estimator over all parameters
    jointly and from a Gaussian process, where that expects to gain most.

    Parameters
    ----------
    storage
        The journal; what `open_journal` returns.
    name
        Of the search within it.
    even
        How many proposals fill the box, those that were given not counted.
    """

    def __init__(
        self, storage: Any, space: Mapping[str, Dimension], name: str, seed: int, even: int
    ) -> None:
        self._optuna = _import_optuna()
        self._space, self._name, self._seed, self._even = dict(space), name, seed, even
        self._study = self._optuna.create_study(
            storage=storage, study_name=name, load_if_exists=True,
            sampler=self._optuna.samplers.RandomSampler(seed=seed),  # never asked
        )  # fmt: skip
        kept = self._study.user_attrs
        self._records = {
            trial.number: kept[f"record {trial.number}"]
            for trial in self._study.get_trials(deepcopy=False)
            if f"record {trial.number}" in kept
        }

    def list_values(self) -> list[dict[str, float]]:
        """Return all proposals, whatever became of them: values by name, in each parameter's unit."""
        return [dict(trial.params) for trial in self._study.get_trials(deepcopy=False)]

    @property
    def optimiser(self) -> str:
        """Name and version of what makes the proposals."""
        how = "Sobol, then TPE and Gaussian process in turns"
        return f"optuna {self._optuna.__version__}, {how}, seed {self._seed}"

    def find_open(self) -> Proposal | None:
        """Return the proposal that was made but not told of yet, if there is one."""
        running = self._optuna.trial.TrialState.RUNNING
        found = self._study.get_trials(deepcopy=False, states=(running,))
        for trial in found:
            record = self._records.get(trial.number)
            if record is None:
                return Proposal(trial.number, dict(trial.params))
            self._close(trial.number, record)  # stopped between the two
        return None

    def propose(self, given: Mapping[str, float] | None = None) -> Proposal:
        """Return the next proposal: what is given, a point of the even ones, or the sampler's."""
        made = self._study.get_trials(deepcopy=False)
        number, own = len(made), sum(not trial.user_attrs.get(GIVEN) for trial in made)
        if given is not None:
            values = dict(given)
        elif own < self._even:
            values = self._draw_even(own)
        elif number % 2 or self._count_done() < FEWEST:
            values = self._draw(number)
        else:
            values = self._find_promising(number)
        trial = self._optuna.trial.create_trial(
            state=self._optuna.trial.TrialState.RUNNING, params=values,
            distributions=self._make_distributions(), user_attrs={GIVEN: given is not None},
        )  # fmt: skip
        self._study.add_trial(trial)
        return Proposal(number, values)

    def tell(self, number: int, record: Mapping[str, Any]) -> None:
        """Note what became of a proposal: ``loss`` (1), None if it failed, and what else is known."""
        self._study.set_user_attr(f"record {number}", dict(record))
        self._records[number] = dict(record)
        self._close(number, record)

    def list_records(self) -> list[dict[str, Any]]:
        """Return what was told, in the order of the proposals."""
        return [self._records[number] for number in sorted(self._records)]

    def _close(self, number: int, record: Mapping[str, Any]) -> None:
        loss = record.get("loss")
        if loss is None:
            self._study.tell(number, state=self._optuna.trial.TrialState.FAIL)
        else:
            self._study.tell(number, float(loss))

    def _make_distributions(self) -> dict[str, Any]:
        make = self._optuna.distributions.FloatDistribution
        return {
            key: make(side.low, side.high, log=side.is_log) for key, side in self._space.items()
        }

    def _draw_even(self, index: int) -> dict[str, float]:
        """Return a point of a scrambled Sobol sequence."""
        from scipy.stats import qmc

        sobol = qmc.Sobol(len(self._space), scramble=True, rng=_make_seed(self._seed, self._name))
        if index:
            sobol.fast_forward(index)
        point = sobol.random(1)[0]
        return {
            key: side.from_share(float(share))
            for (key, side), share in zip(self._space.items(), point, strict=True)
        }

    def _count_done(self) -> int:
        complete = (self._optuna.trial.TrialState.COMPLETE,)
        return len(self._study.get_trials(deepcopy=False, states=complete))

    def _find_promising(self, number: int) -> dict[str, float]:
        """Ask a Gaussian process; what failed counts as the worst that did not."""
        from trabecula.study.surrogate import Surrogate

        told = [t for t in self._study.get_trials(deepcopy=False) if t.state.is_finished()]
        places = np.array([
            [side.to_share(trial.params[key]) for key, side in self._space.items()] for trial in told
        ])  # fmt: skip
        losses = np.array([math.nan if t.value is None else t.value for t in told])
        losses[np.isnan(losses)] = np.nanmax(losses)
        seed = _make_seed(self._seed, f"{self._name} {number}")
        place = Surrogate(places, losses).find_promising(seed)
        return {
            key: side.from_share(float(share))
            for (key, side), share in zip(self._space.items(), place, strict=True)
        }

    def _draw(self, number: int) -> dict[str, float]:
        """Ask the sampler, seeded by the number of the proposal, with all that was told."""
        seed = _make_seed(self._seed, f"{self._name} {number}")
        sampler = self._optuna.samplers.TPESampler(seed=seed, multivariate=True, n_startup_trials=1)
        scratch = self._optuna.create_study(sampler=sampler)
        complete = (self._optuna.trial.TrialState.COMPLETE,)
        scratch.add_trials(self._study.get_trials(deepcopy=False, states=complete))
        found: dict[str, float] = scratch.ask(self._make_distributions()).params
        return found


def _make_seed(seed: int, text: str) -> int:
    digest = hashlib.sha256(f"{seed} {text}".encode()).digest()
    return int.from_bytes(digest[:4]) % 2**31
