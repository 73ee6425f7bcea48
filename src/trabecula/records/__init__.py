"""Floor 4: the only room that touches HDF5 (state, specimen and results files)."""

from trabecula.records.results import Provenance, ResultsWriter
from trabecula.records.series import Metric
from trabecula.records.specimenfile import SpecimenFile, read_specimen, write_specimen
from trabecula.records.statefile import read_state, write_state

__all__ = [
    "Metric",
    "Provenance",
    "ResultsWriter",
    "SpecimenFile",
    "read_specimen",
    "read_state",
    "write_specimen",
    "write_state",
]
