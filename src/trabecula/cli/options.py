"""Options that several commands share."""

from pathlib import Path
from typing import Annotated

import typer

ConfigFile = Annotated[
    Path, typer.Argument(metavar="CONFIG.yaml", help="Configuration file.", show_default=False)
]
Sets = Annotated[
    list[str] | None,
    typer.Option(
        "--set", metavar="PATH=VALUE", help="Change one key, e.g. lattice.bv_tv=0.2; repeatable."
    ),
]
Json = Annotated[bool, typer.Option("--json", help="Print JSON instead of a table.")]
Threads = Annotated[
    int | None, typer.Option("--threads", min=1, help="Threads of the compiled loops.")
]
RunPlace = Annotated[
    Path, typer.Argument(metavar="DIR", help="Run folder, or its results.h5.", show_default=False)
]


def to_settings(sets: list[str] | None, seed: int | None = None) -> list[str]:
    """Return the settings of ``--set`` and ``--seed`` as PATH=VALUE texts, the seed last."""
    settings = list(sets or [])
    return settings if seed is None else [*settings, f"seed={seed}"]
