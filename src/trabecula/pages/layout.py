"""Where things are on the page of a run."""

from typing import Any

from trabecula.pages.board import CUTS, Board
from trabecula.viz.cuts import AXES

STYLE = """
html { overflow-y: hidden; }
.tb-view canvas, .tb-view img { outline: none; }
.tb-dot { display: inline-block; width: 11px; height: 11px; border-radius: 50%; margin-right: 7px; }
.tb-head { font-size: 0.75rem; font-weight: 600; color: #555; margin: 14px 0 2px 0; }
.tb-plate { position: absolute; background: rgba(255,255,255,0.88); border-radius: 6px;
  padding: 6px 10px; }
.tb-site td { font-size: 0.78rem; padding: 1px 10px 1px 0; color: #222; }
.tb-site svg { width: 100%; height: auto; }
.v-selection-control { min-height: 28px !important; }
"""
VIEWS = (("corner", "corner"), ("top", "z"), ("front", "y"), ("right", "x"))


def lay_out(server: Any, board: Board, viewer: Any, title: str) -> None:
    """Build the page."""
    from trame.ui.vuetify3 import SinglePageWithDrawerLayout
    from trame.widgets import client, html, vtk
    from trame.widgets import vuetify3 as v3

    with SinglePageWithDrawerLayout(server) as page:
        page.title.set_text(f"Trabecula · {title}")
        page.icon.hide()
        client.Style(STYLE)
        with page.toolbar as bar:
            bar.density = "compact"
            v3.VProgressLinear(
                indeterminate=True,
                absolute=True,
                bottom=True,
                active=("trame__busy",),
                color="primary",
            )
            v3.VSpacer()
            html.Span("look from", classes="text-caption mr-2")
            for view, name in VIEWS:
                v3.VBtn(
                    name, size="small", variant="tonal", classes="mr-1 text-none",
                    click=(viewer.look_from, f"['{view}']"),
                )  # fmt: skip
        with page.drawer as drawer:
            drawer.width = 270
            with html.Div(classes="px-4 pb-4"):
                _add_layers(board, html, v3)
                _add_cut(html, v3)
                _add_sites(viewer, html, v3)
        with page.content, html.Div(style="position: relative; width: 100%; height: 100%"):
            view = vtk.VtkRemoteView(
                viewer.stage.plotter.ren_win, classes="tb-view", interactive_ratio=0.6, still_ratio=1.0,
                still_quality=95,
            )  # fmt: skip
            viewer.push = view.update
            _add_plates(html, v3)
        with page.footer as footer:
            footer.clear()
            footer.style = "height: 56px; padding: 0 16px; z-index: 1010;"
            _add_time(board, html, v3)


def _add_layers(board: Board, html: Any, v3: Any) -> None:
    html.Div("Layers", classes="tb-head")
    tight = {"hide_details": True, "density": "compact"}
    v3.VCheckbox(v_model=("with_bone",), label="bone", **tight)
    for value, label in (
        ("osteoid", "osteoid"),
        ("eroded", "eroded surface"),
        ("sites", "open remodelling sites"),
    ):
        v3.VCheckbox(v_model=("marks",), value=value, label=label, multiple=True, **tight)
    for kind, label, colour in board.list_kinds():
        with (
            v3.VCheckbox(v_model=("kinds",), value=kind, multiple=True, **tight),
            v3.Template(v_slot_label=True),
        ):
            html.Span(classes="tb-dot", style=f"background: {colour}")
            html.Span(label)
    html.Div("Colour of bone, field on a slice", classes="tb-head")
    colours = [{"value": value, "title": words} for value, words in board.list_colours()]
    v3.VSelect(v_model=("colour",), items=("colours", colours), variant="outlined", **tight)


def _add_cut(html: Any, v3: Any) -> None:
    html.Div("Cut", classes="tb-head")
    whole = "cut === 'none'"
    for name, values, off in (("cut", CUTS, "false"), ("axis", AXES, whole)):
        with v3.VBtnToggle(
            v_model=(name,), mandatory=True, density="compact", variant="outlined", divided=True,
            classes="mb-2 mr-2", style="height: 30px", disabled=(off,),
        ):  # fmt: skip
            for value in values:
                v3.VBtn(value, value=value, size="small", classes="text-none")
    v3.VSlider(
        v_model=("place",), min=0.0, max=1.0, step=0.01, hide_details=True, density="compact",
        disabled=(whole,), aria_label="place of the cut",
    )  # fmt: skip


def _add_sites(viewer: Any, html: Any, v3: Any) -> None:
    html.Div("Remodelling site (or click on the bone)", classes="tb-head")
    v3.VAutocomplete(
        v_model=("site",), items=("sites",), clearable=True, variant="outlined", density="compact",
        hide_details=True, placeholder="none",
    )  # fmt: skip
    v3.VBtn(
        "look at it", size="small", variant="tonal", classes="mt-2 text-none", disabled=("!site",),
        click=viewer.look_at_site,
    )  # fmt: skip


def _add_plates(html: Any, v3: Any) -> None:
    with html.Div(classes="tb-plate", style="left: 12px; top: 10px"):
        html.Div("{{ day }}", classes="text-subtitle-1 font-weight-bold tb-day")
        html.Div("{{ length }}", classes="text-caption tb-length")
        with html.Div(v_for="row in legend", key="row.name", classes="text-caption"):
            html.Span(classes="tb-dot", style=("`background: ${row.colour}`",))
            html.Span("{{ row.name }}")
    with html.Div(
        v_if=("scale.gradient",),
        classes="tb-plate tb-scale",
        style="left: 12px; bottom: 12px; width: 260px",
    ):
        html.Div("{{ scale.label }}", classes="text-caption")
        html.Div(style=("`height: 12px; background: ${scale.gradient}`",))
        with html.Div(classes="d-flex justify-space-between text-caption"):
            html.Span("{{ scale.low }}")
            html.Span("{{ scale.middle }}")
            html.Span("{{ scale.high }}")
    with html.Div(
        v_if=("site_svg",), classes="tb-plate tb-site", style="right: 12px; top: 10px; width: 350px"
    ):
        with html.Div(classes="d-flex align-center"):
            html.Span("Remodelling site {{ site }}", classes="font-weight-bold")
            v3.VSpacer()
            v3.VBtn("×", size="x-small", variant="text", click="site = null", aria_label="close")
        html.Div(v_html=("site_svg",))
        with html.Table(), html.Tr(v_for="row in site_rows", key="row.name"):
            html.Td("{{ row.name }}")
            html.Td("{{ row.value }}")
    v3.VAlert(
        "{{ trouble }}", v_if=("trouble",), type="warning", density="compact", classes="tb-trouble",
        style="position: absolute; left: 25%; right: 25%; bottom: 16px",
    )  # fmt: skip


def _add_time(board: Board, html: Any, v3: Any) -> None:
    last = len(board.times) - 1
    with v3.VBtn(
        icon=True, size="small", variant="tonal", click="playing = !playing", disabled=last == 0,
        aria_label="run through time", classes="mr-4",
    ):  # fmt: skip
        v3.VIcon("{{ playing ? 'mdi-pause' : 'mdi-play' }}")
    v3.VSlider(
        v_model_number=("row",), min=0, max=last, step=1, hide_details=True,
        show_ticks="always" if last < 60 else False,
        disabled=last == 0, aria_label="time", classes="tb-time",
    )  # fmt: skip
    html.Span("{{ day }}", style="min-width: 130px; text-align: right")
