"""The page of a living bone: Mesa's controls, knobs for hormones and drugs, a slice, the series."""

from collections.abc import Callable
from functools import partial
from typing import Any

from trabecula.pages.knobs import DOSES, KNOBS, Knob
from trabecula.pages.livemodel import SHOWN, LiveModel, Start
from trabecula.viz.colouring import NAMES
from trabecula.viz.cuts import AXES
from trabecula.viz.livebone import draw_live_series, draw_live_slice


def make_page(start: Start) -> Any:
    """Return the component that solara shows; every page that is opened has a bone of its own."""
    import solara
    from mesa.visualization import SolaraViz
    from mesa.visualization.utils import update_counter

    knobs_of = make_knobs(solara, update_counter)
    slice_of = make_slice(solara, update_counter)
    series_of = make_series(solara, update_counter)

    @solara.component  # type: ignore[untyped-decorator]
    def page() -> None:
        first = solara.use_memo(lambda: LiveModel(start), [])
        model = solara.use_reactive(first)
        asked, drawn = update_counter.get(), solara.use_ref(0)
        solara.use_effect(lambda: setattr(drawn, "current", asked), [asked])  # once all is drawn
        model.value.is_behind = lambda: update_counter.peek() > drawn.current
        solara.Style(STYLE)
        solara.Title(f"{start.config.name} · Trabecula live")
        SolaraViz(
            model,
            components=[(slice_of, 0), (series_of, 0)],
            model_params={"start": start},
            name=f"Trabecula · {start.config.name}",
            play_interval=50,
        )
        with solara.Sidebar(), solara.Card("Hormones and drugs"):
            solara.Text(f"day {model.value.day:g}", classes=["tb-day"])
            knobs_of(model.value)

    return page


STYLE = """
.tb-day { font-weight: 600; }
.v-tabs { display: none; }
.solara-autorouter-content { padding: 0; }
.vue-resizable-handle { display: none; }  /* would lie on the figures */
"""


def make_knobs(solara: Any, steps: Any) -> Callable[[LiveModel], Any]:
    """Return the component with sliders and dose buttons."""

    @solara.component  # type: ignore[untyped-decorator]
    def slider(model: LiveModel, knob: Knob) -> None:
        steps.get()  # what follows a series, age or a protocol moves its slider with the bone
        held, hold = solara.use_state((-1.0, 0.0))  # what was set on this day, until the next step
        value = held[1] if held[0] == model.day else model.read_knob(knob)

        def turn(new: float) -> None:
            hold((model.day, new))
            model.turn(knob, new)

        solara.SliderFloat(
            f"{knob.words} ({knob.unit})", value=min(value, knob.high), min=0.0, max=knob.high,
            step=knob.step,
            on_value=turn, thumb_label=False,
        )  # fmt: skip

    @solara.component  # type: ignore[untyped-decorator]
    def knobs(model: LiveModel) -> None:
        for knob in KNOBS:
            slider(model, knob).key(f"{knob.block}.{knob.name}.{id(model)}")
        for drug, (_, words) in DOSES.items():
            give = partial(model.give_dose, drug)
            solara.Button(f"give {words}", on_click=give, outlined=True)

    return knobs  # type: ignore[no-any-return]


def make_slice(solara: Any, steps: Any) -> Callable[[LiveModel], Any]:
    """Return the component with one plane of the bone."""

    @solara.component  # type: ignore[untyped-decorator]
    def slice_(model: LiveModel) -> None:
        steps.get()  # the model is the same object after a step: this is what draws it anew
        axis, set_axis = solara.use_state("z")
        share, set_share = solara.use_state(50)
        field, set_field = solara.use_state(SHOWN[0])
        with solara.Row():
            solara.ToggleButtonsSingle(axis, values=list(AXES), on_value=set_axis, dense=True)
            names = {NAMES.get(name, name): name for name in SHOWN}
            shown = next(words for words, name in names.items() if name == field)
            solara.Select(
                "field",
                values=list(names),
                value=shown,
                on_value=lambda w: set_field(names[w]),
                dense=True,
            )
        solara.SliderInt(
            "place (%)", value=share, min=0, max=100, on_value=set_share, thumb_label=False
        )
        figure = draw_live_slice(model.take_slice(AXES.index(axis), share / 100.0, field))
        solara.FigureMatplotlib(figure, format="svg")

    return slice_  # type: ignore[no-any-return]


def make_series(solara: Any, steps: Any) -> Callable[[LiveModel], Any]:
    """Return the component with the curves."""

    @solara.component  # type: ignore[untyped-decorator]
    def series(model: LiveModel) -> None:
        steps.get()
        solara.FigureMatplotlib(draw_live_series(*model.copy_series()), format="svg")

    return series  # type: ignore[no-any-return]
