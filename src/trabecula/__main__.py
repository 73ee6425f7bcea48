"""``python -m trabecula`` is the command ``trabecula``."""

from trabecula.cli.main import main

if __name__ == "__main__":
    main()
