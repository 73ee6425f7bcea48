"""What a user is told while kernels are compiled, beside the progress of the run."""

import pytest

from trabecula.cli import progress
from trabecula.cli.progress import ANNOUNCEMENT, CompilationNotice, LiveWatch, PlainWatch
from trabecula.kernels.compile import Compilation
from trabecula.runner.progress import Progress

FIRST = Compilation("keyed.draw", 0, 0.0)
REPORT = Progress("run", 3.0, 20.0, 1.5, 11.0, 0.2)


@pytest.mark.parametrize(
    ("days", "words"),
    [
        (0, "0 d"), (86, "86 d"), (-60, "-60 d"), (365.25, "1 y"), (365, "1 y"), (366, "1 y   1 d"),
        (730.5, "2 y"), (1095.75, "3 y"), (1461, "4 y"), (1400, "3 y 304 d"), (-3652.5, "-10 y"),
    ],
)  # fmt: skip
def test_years_are_those_of_the_calendar_and_no_days_are_said_where_there_are_none(days, words):
    assert progress.to_date(days) == words


def test_the_first_kernel_is_announced_and_the_next_ones_now_and_then(capsys, monkeypatch) -> None:
    now = [100.0]
    monkeypatch.setattr(progress.time, "monotonic", lambda: now[0])
    notice = CompilationNotice(pause=10.0)
    for done in range(30):
        notice.tell(Compilation("keyed.draw", done, now[0] - 100.0))
        notice.tell(Compilation("keyed.draw_bits", done, now[0] - 100.0))  # it calls this one
        now[0] += 1.0
    said = capsys.readouterr()
    assert said.out == "", "a table or JSON on the standard output stays whole"
    assert said.err.splitlines() == [
        "compiling loops, once for this version and machine: a minute or two",
        "compiling loops: 10 done in 0:10, now keyed.draw",
        "compiling loops: 20 done in 0:20, now keyed.draw",
    ]


@pytest.mark.parametrize("watch", [PlainWatch(), CompilationNotice()])
def test_a_watch_listens_as_long_as_it_is_open(watch, capsys) -> None:
    numba = pytest.importorskip("numba")
    if numba.config.DISABLE_JIT:
        pytest.skip("the JIT is off")
    one, other = (numba.njit(lambda x, k=k: x + k) for k in (1, 2))
    with watch:
        assert one(1) == 2
    assert "compiling loops, once" in capsys.readouterr().err
    assert other(1) == 3
    assert capsys.readouterr().err == ""


def test_reports_still_come_at_their_pace(capsys) -> None:
    watch = PlainWatch(pause=1000.0)
    watch(REPORT)
    watch(REPORT)
    watch(REPORT._replace(phase="settle"))
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines] == ["run", "settle"]
    assert "BV/TV 20.00%" in lines[0]
    assert " 3 d of 20 d, " in lines[0]


def test_a_spin_up_counts_the_days_that_are_left_to_day_0(capsys) -> None:
    PlainWatch()(REPORT._replace(phase="spin-up", time=-400.0, until=0.0))
    assert "1 y  35 d before day 0, " in capsys.readouterr().out


def test_the_live_watch_has_a_bar_for_compiling_and_one_for_the_phase() -> None:
    watch = LiveWatch()
    watch.tell(FIRST)
    watch(REPORT)
    kernels, run = watch._bars.tasks
    assert kernels.fields["words"] == ANNOUNCEMENT
    watch.tell(FIRST._replace(done=3, seconds=4.0))
    assert kernels.fields["words"] == "compiling loops: 3 done in 0:04, now keyed.draw"
    assert kernels.total is None
    assert run.description == "run"
    assert "1.5 d/s" in run.fields["words"]
    assert "BV/TV 20.00%" in run.fields["words"]
