"""Libraries that come with an extra: there, or one message that says how to get them."""

import importlib

from trabecula.base.errors import MissingError


def check_extra(modules: tuple[str, ...], extra: str, what: str) -> None:
    """Insist that `modules`, which `extra` of the package brings, can be imported.

    Parameters
    ----------
    what
        What needs them, as the beginning of a sentence.

    Raises
    ------
    MissingError
        If one cannot; the message names the extra.
    """
    for module in modules:
        try:
            importlib.import_module(module)
        except ImportError as error:
            msg = (
                f"{what} needs {module.partition('.')[0]}, which cannot be imported ({error}); "
                f'pip install "trabecula[{extra}]"'
            )
            raise MissingError(msg) from error
