"""Floor 6: many runs as one question: panels of published trials and what they score; sweeps."""

from trabecula.study.held import add_held
from trabecula.study.onsets import lengthen_held
from trabecula.study.panel import Panel, Trial
from trabecula.study.reader import load_panel
from trabecula.study.scoring import Verdict, count_hits, score_panel
from trabecula.study.trials import Sampling, list_tasks, screen
from trabecula.study.validation import judge_panel

__all__ = [
    "Panel",
    "Sampling",
    "Trial",
    "Verdict",
    "add_held",
    "count_hits",
    "judge_panel",
    "lengthen_held",
    "list_tasks",
    "load_panel",
    "score_panel",
    "screen",
]
