"""Floor 3: the diffusing molecules, made by cells and steered by signals, at their steady state."""

from trabecula.fields.measure import measure_fields
from trabecula.fields.step import make_fields, step_fields

__all__ = ["make_fields", "measure_fields", "step_fields"]
