"""``python -m trabecula`` is the command ``trabecula``."""

from trabecula.cli.start import start

if __name__ == "__main__":
    start()
