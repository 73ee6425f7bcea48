"""``trabecula``, and ``python -m trabecula``."""

import sys

INTERRUPTED = 130


def start() -> None:
    """Import the command line and run it; Ctrl-C amid the imports ends it as it does later."""
    try:
        from trabecula.cli.main import main

        main()
    except KeyboardInterrupt:
        sys.stderr.write("trabecula: interrupted\n")
        sys.exit(INTERRUPTED)


if __name__ == "__main__":
    start()
