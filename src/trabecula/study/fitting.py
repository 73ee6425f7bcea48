"""The optimiser of every fit: seeded, with a journal, so that a fit can be stopped and gone on with."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from trabecula.base.errors import InputError


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
    try:
        import optuna
        from optuna.storages import JournalStorage
        from optuna.storages.journal import JournalFileBackend
    except ImportError as error:
        msg = 'fitting needs optuna; install it with: pip install "trabecula[fit]"'
        raise InputError(msg) from error

    optuna.logging.set_verbosity(optuna.logging.WARNING)
    storage = None
    if journal is not None:
        journal.parent.mkdir(parents=True, exist_ok=True)
        storage = JournalStorage(JournalFileBackend(str(journal)))

    def make_sampler(done: int) -> optuna.samplers.TPESampler:
        return optuna.samplers.TPESampler(
            seed=seed + done, multivariate=True, n_startup_trials=max(20, evaluations // 10),
        )  # fmt: skip

    study = optuna.create_study(storage=storage, study_name=name, load_if_exists=True)
    done = len(study.get_trials(states=(optuna.trial.TrialState.COMPLETE,)))
    study.sampler = make_sampler(done)

    def objective(trial: optuna.Trial) -> float:
        return compute_loss({
            key: trial.suggest_float(key, side.low, side.high, log=side.is_log)
            for key, side in space.items()
        })  # fmt: skip

    if evaluations > done:
        study.optimize(objective, n_trials=evaluations - done)
    tried = len(study.get_trials(states=(optuna.trial.TrialState.COMPLETE,)))
    optimiser = f"optuna {optuna.__version__}, multivariate TPE, seed {seed}"
    return Fit(dict(study.best_params), float(study.best_value), tried, optimiser)
