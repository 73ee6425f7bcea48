"""Where the command begins: Ctrl-C amid the imports ends it as it does later."""

import sys

INTERRUPTED = 130


def start() -> None:
    """Import the command line and run it; exits with 130 if that is interrupted."""
    try:
        from trabecula.cli.main import main

        main()
    except KeyboardInterrupt:
        sys.stderr.write("trabecula: interrupted\n")
        sys.exit(INTERRUPTED)
