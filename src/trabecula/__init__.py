"""Trabecula: the bone microenvironment, cell by cell."""

__version__ = "0.1.0"
