"""Mesa's side of the model: views of populations, events at exact ticks, recorders."""

import warnings

import numpy as np
import pytest
from mesa import DataCollector
from mesa.agentset import AbstractAgentSet
from mesa.experimental.data_collection import DataRecorder

from bones import make_empty
from trabecula.base.errors import TrabeculaError
from trabecula.base.layouts import Osteoclasts, Osteocytes
from trabecula.config.schema import Config
from trabecula.model import TrabeculaModel
from trabecula.model import model as model_module
from trabecula.model.plan import Step, make_plan
from trabecula.model.timeline import count_steps, is_passed, shift_zero
from trabecula.state import Clock


@pytest.fixture
def state():
    state = make_empty()
    state.cells.osteoclasts.append(
        uid=[11, 12, 13, 14], voxel=[1, 2, 3, 4], nuclei=[3, 9, 1, 9], site=[1, 1, 2, 2]
    )
    return state


@pytest.fixture
def model(state, monkeypatch):
    """A model whose step only counts, so that nothing but Mesa is tested."""
    lived = []
    entry = Step("count", "model", 1.0, (), "Count.", lambda s: lived.append(s.clock.step))
    monkeypatch.setattr(model_module, "make_plan", lambda *_: (entry,))
    model = TrabeculaModel(Config(duration=100.0, seed=4), state)
    model.lived = lived
    return model


def test_view_is_an_agent_set(model):
    view = model.get_population("osteoclasts")
    assert isinstance(view, AbstractAgentSet)
    assert len(view) == 4
    assert [cell.unique_id for cell in view] == [11, 12, 13, 14]
    assert view.get("nuclei").tolist() == [3, 9, 1, 9]
    both = view.get(["unique_id", "site"])
    assert both[1].unique_id == 12
    assert both.site.tolist() == [1, 1, 2, 2]
    assert view.agg("nuclei", np.sum) == 22
    assert view.agg("nuclei", [min, max]) == [1, 9]
    assert set(model.populations) == {
        "precursors",
        "osteoclasts",
        "osteoblasts",
        "lining",
        "osteocytes",
    }


def test_selection_by_mask_function_share_and_layout(model):
    view = model.get_population("osteoclasts")
    large = view.select(view.get("nuclei") >= 3)
    assert large.get("uid").tolist() == [11, 12, 14]
    assert view.select(lambda cell: cell.nuclei >= 3).get("uid").tolist() == [11, 12, 14]
    assert large.select(large.get("site") == 2).get("uid").tolist() == [14]
    assert len(view.select(at_most=0.5)) == 2
    assert len(view.select(at_most=3)) == 3
    assert len(view.select(at_most=1)) == 1
    assert len(view.select(agent_type=Osteocytes)) == 0
    assert len(view.select(agent_type=Osteoclasts)) == 4
    view.select(view.get("nuclei") == 9, inplace=True)
    assert view.get("uid").tolist() == [12, 14]


def test_order_groups_and_calls(model):
    view = model.get_population("osteoclasts")
    assert view.sort("nuclei", ascending=True).get("uid").tolist() == [13, 11, 12, 14]
    assert view.sort(lambda cell: cell.voxel).get("uid").tolist() == [14, 13, 12, 11]
    assert sorted(view.shuffle().get("uid").tolist()) == [11, 12, 13, 14]
    groups = view.groupby("site")
    assert groups.count() == {1: 2, 2: 2}
    assert groups.agg("nuclei", sum) == {1: 12, 2: 10}
    assert view.map(lambda cell: cell.nuclei) == [3, 9, 1, 9]
    seen = []
    view.shuffle_do(lambda cell: seen.append(cell.unique_id))
    assert sorted(seen) == [11, 12, 13, 14]


def test_view_is_a_window_not_a_copy(model, state):
    view = model.get_population("osteoclasts")
    view.set("nuclei", 5)
    next(iter(view)).nuclei = 6
    assert state.cells.osteoclasts.rows.nuclei.tolist() == [6, 5, 5, 5]
    state.cells.osteoclasts.append(uid=[15], voxel=[9])
    assert len(view) == 5


def test_what_a_view_refuses(model):
    view = model.get_population("osteoclasts")
    cell = view.to_list()[0]
    assert cell in view
    assert model.get_population("lining").__contains__(cell) is False
    with pytest.raises(TrabeculaError, match="rules of the model"):
        view.add(cell)
    with pytest.raises(TrabeculaError, match="rules of the model"):
        view.remove(cell)
    with pytest.raises(AttributeError, match="no column nukes"):
        view.get("nukes")
    assert view.get("nukes", "default", 7).tolist() == [7] * 4
    with pytest.raises(AttributeError, match="no column nukes"):
        _ = cell.nukes
    with pytest.raises(AttributeError, match="no column nukes"):
        cell.nukes = 3


@pytest.mark.parametrize("length", [1.0, 0.1, 0.25])
def test_ten_thousand_events_fire_at_exact_ticks(model, state, length):
    state.clock.length = length
    fired = []

    class Note:
        def __call__(self):
            fired.append((state.clock.step, state.clock.time))

    model.call_every(length, Note())  # kept alive by nobody but the model
    model.run_steps(9_999)
    assert [step for step, _ in fired] == list(range(10_000))
    assert all(time == step * length for step, time in fired)
    assert model.lived == list(range(9_999))


def test_events_fall_on_multiples_from_day_zero(model, state):
    state.clock.step, state.clock.zero = 5, 100
    fired = []
    model.call_every(30.0, lambda_like(fired, state))
    model.run_steps(130)
    assert fired == [-90.0, -60.0, -30.0, 0.0, 30.0]
    assert state.clock.time == 35.0


def lambda_like(fired, state):
    def note():
        fired.append(state.clock.time)

    return note


def test_event_due_at_the_first_and_last_moment(model, state):
    fired = []
    model.call_every(7.0, lambda_like(fired, state))
    model.run_steps(14)
    assert fired == [0.0, 7.0, 14.0]
    model.run_steps(0)
    assert fired == [0.0, 7.0, 14.0]


def test_mesa_generators_do_not_touch_the_bone(model, state):
    before = state.seed
    model.random.random()
    model.rng.random()
    model.get_population("osteoclasts").shuffle(inplace=True)
    assert state.seed == before
    assert model.scenario.config.duration == 100.0


def test_mesa_recorders_work(model, monkeypatch):
    monkeypatch.setattr(model, "measure", lambda: {})
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        collector = DataCollector(
            model_reporters={
                "day": lambda m: m.state.clock.time,
                "nuclei": lambda m: int(m.get_population("osteoclasts").agg("nuclei", np.sum)),
            }
        )
        collector.collect(model)
        model.run_steps(3)
        collector.collect(model)
        frame = collector.get_model_vars_dataframe()
    assert frame["day"].tolist() == [0.0, 3.0]
    assert frame["nuclei"].tolist() == [22, 22]


def test_measures_are_a_data_set(model, monkeypatch):
    monkeypatch.setattr(
        model.sampler, "sample", lambda state, costly: {"time": state.clock.time, "costly": costly}
    )
    measures = model.data_registry["measures"]
    recorder = DataRecorder(model)
    measures.record(recorder)
    model.run_steps(2)
    frame = recorder.get_table_dataframe("measures")
    assert frame["costly"].tolist()[0]
    assert len(frame) >= 2
    measures.close()
    with pytest.raises(RuntimeError, match="closed"):
        _ = measures.data


def test_shift_zero_moves_every_moment_and_no_duration(state):
    state.cells.osteocytes.append(uid=[1], voxel=[1], born=[10.0])
    state.sites.append(activated=[3.0], first_resorbed=[5.0], nuclei_days=[7.0], ended=[9.0])
    state.lattice.formed[0, 0, 0] = 50.0
    state.cells.osteoclasts.rows.idle[:] = 2.0
    state.clock.step = 60
    shift_zero(state, 40)
    assert state.clock.time == 20.0
    assert state.cells.osteocytes.rows.born[0] == -30.0
    assert state.lattice.formed[0, 0, 0] == 10.0
    rows = state.sites.rows
    assert (rows.activated[0], rows.first_resorbed[0], rows.ended[0]) == (-37.0, -35.0, -31.0)
    assert np.isnan(rows.last_formed[0])
    assert rows.nuclei_days[0] == 7.0
    assert state.cells.osteoclasts.rows.idle.tolist() == [2.0] * 4


def test_steps_are_counted_to_the_nearest():
    assert count_steps(365.25, 1.0) == 365
    assert count_steps(0.3, 0.1) == 3


def test_what_is_passed_between_samples() -> None:
    clock = Clock(length=0.5)
    passed = [t / 2 for t in range(-20, 21, 4) if is_passed(clock, t / 2, 3.5, 2.0)]
    assert passed == [-10.0, -6.0, -2.0, 0.0, 4.0, 8.0]  # -10.5, -7, -3.5, 0, 3.5, 7


def test_costly_metrics_come_when_due_not_at_common_multiples(state, monkeypatch):
    monkeypatch.setattr(model_module, "make_plan", lambda *_: ())
    model = TrabeculaModel(Config(duration=60.0, output={"every": 7.0, "costly": 10.0}), state)
    monkeypatch.setattr(model.sampler, "sample", lambda _, costly: {"costly": costly})
    found = []
    for step in range(0, 43, 7):
        state.clock.step = step
        found.append(model.measure()["costly"])
    assert found == [True, False, True, True, False, True, True]  # 0, 10, 20, 30, 40


def test_plan_is_data_and_obeys_switches():
    config = Config(duration=10.0, cells={"rules": {"mineralisation": False, "fusion": False}})
    names = [entry.name for entry in make_plan(config, make_empty(), False)]
    whole = [entry.name for entry in make_plan(Config(duration=10.0), make_empty(), False)]
    assert names[:3] == ["order", "signals", "fields"]
    assert names[-2:] == ["ledgers", "order"]
    assert set(whole) - set(names) == {"mineralisation", "fusion"}
    assert all(entry.doc for entry in make_plan(config, make_empty(), False))
