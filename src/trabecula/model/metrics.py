"""Every series that a run writes: key, symbol, name, unit, and whether it is costly."""

from trabecula.base.codes import Species
from trabecula.morphometry.histometrics import HISTOMETRICS
from trabecula.morphometry.metrics import METRICS as STRUCTURE
from trabecula.morphometry.metrics import Metric

_FIELDS = {
    "rankl_opg": ("RANKL/OPG", "RANKL that no drug holds per total OPG at the surface", "1"),
    "rank_occupancy_surface": ("RANK occ.", "mean RANK occupancy at the surface", "1"),
    "rank_occupancy_surface_median": ("RANK occ. median", "median RANK occupancy at it", "1"),
    "rank_occupancy_precursors": ("RANK occ. Pc", "mean RANK occupancy on precursors", "1"),
    "rankl_per_cell": ("RANKL/cell", "RANKL that a marrow cell makes, relative to replete", "1"),
    "rankl_unsettled": ("RANKL unset.", "free RANKL that binding leaves to the next tick", "1"),
    "local_estradiol": ("E2 local", "estradiol made in bone, mean at the surface", "pM"),
}
_LOADS = {
    "stiffness": ("K", "stiffness along z", "N/mm"),
    "failure_load": ("F.fail", "force along z at which 2 % of the tissue is strained too far", "N"),
    "sed_mean": ("SED", "mean strain energy density of the bone under the habitual load", "MPa"),
    "load_strain": ("strain", "mean strain along z under the habitual load", "1"),
    "stimulus": ("psi", "mean strain energy that osteocytes feel, relative to the reference", "1"),
    "disuse": ("Ot disuse", "share of osteocytes that feel disuse", "1"),
    "strained": (
        "Ot strained",
        "share of osteocytes strained above `sensing.lazy_high` of the reference",
        "1",
    ),
    "granted": ("Gr", "coupling factor granted by strained osteocytes so far", "um^3"),
}
_PERCENT = {
    "resorption_percent": ("BRs.R/base", "resorption rate against the 90 d before day 0", "%"),
    "formation_percent": ("BF.R/base", "formation rate against the 90 d before day 0", "%"),
}
_COMPONENT = Metric("C.S", "share of bone in its largest connected component", "1", True)


def _make_field_metrics() -> dict[str, tuple[str, str, str]]:
    found = {}
    for species in Species:
        # what blood brings is a level of the patient: the field is what bone makes itself
        words = "estradiol made in bone" if species == Species.ESTRADIOL else str(species)
        found[f"{species}_marrow"] = (f"{species} Ma", f"mean {words} in the marrow", "pM")
        found[f"{species}_surface"] = (f"{species} BS", f"mean {words} at the surface", "pM")
    return {**found, **_FIELDS}


METRICS: dict[str, Metric] = {
    **STRUCTURE,
    "component_share": _COMPONENT,
    **{
        key: Metric(*words, False)
        for table in (HISTOMETRICS, _make_field_metrics(), _LOADS, _PERCENT)
        for key, words in table.items()
    },
}
"""All series of a run."""

LEVELS: dict[str, Metric] = {
    "estradiol": Metric("E2", "estradiol", "pg/mL", False),
    "testosterone": Metric("T", "testosterone", "ng/dL", False),
    "progesterone": Metric("P4", "progesterone", "ng/mL", False),
    "igf1": Metric("IGF-1", "insulin-like growth factor 1, young adult 1", "1", False),
    "glucocorticoid": Metric("GC", "prednisone equivalent", "mg/d", False),
    "fsh": Metric("FSH", "follicle-stimulating hormone", "mIU/mL", False),
    "lh": Metric("LH", "luteinising hormone", "mIU/mL", False),
    "lh_drive": Metric("LH rel.", "drive of the pituitary, untreated 1", "1", False),
    "own_testosterone": Metric("T own", "testosterone of the own glands", "ng/dL", False),
    "free_testosterone": Metric("free T", "free testosterone", "pg/mL", False),
    "shbg": Metric("SHBG", "sex-hormone-binding globulin", "nmol/L", False),
    "pth_pulsed": Metric("PTH pulsed", "daily pulses of PTH, 20 ug of teriparatide 1", "1", False),
    "inflammation": Metric("Infl.", "systemic inflammation, healthy adult 1", "1", False),
    "pth": Metric("PTH", "parathyroid hormone, young adult 1", "1", False),
    "age": Metric("Age", "age", "y", False),
    "denosumab": Metric("Dmab", "denosumab in the marrow", "pM", False),
    "opg_fc": Metric("OPG-Fc", "OPG-Fc in the marrow", "pM", False),
}
"""Levels and drugs whose unit is more than a plain number."""


def describe_level(name: str) -> Metric:
    """Return the words for a level; one that hormones derive is a plain number."""
    return LEVELS.get(name, Metric(name, name.replace("_", " "), "1", False))
