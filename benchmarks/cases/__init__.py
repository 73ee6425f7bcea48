"""Cases of ``bench.py``: each module has ``prepare(setting)``, which returns what one repeat calls."""
