"""Names of the structural metrics after Dempster et al. 2013, doi:10.1002/jbmr.1805."""

from typing import NamedTuple


class Metric(NamedTuple):
    """How a key is written on plots and in files.

    Parameters
    ----------
    symbol
        ASBMR symbol.
    long_name
        Name in words.
    unit
        Unit of the stored number.
    costly
        Whether it is measured on its own, longer interval.
    """

    symbol: str
    long_name: str
    unit: str
    costly: bool


METRICS: dict[str, Metric] = {
    "bv_tv": Metric("BV/TV", "bone volume fraction", "1", False),
    "bs_tv": Metric("BS/TV", "bone surface per tissue volume", "1/mm", False),
    "bs_bv": Metric("BS/BV", "bone surface per bone volume", "1/mm", False),
    "tb_th": Metric("Tb.Th", "trabecular thickness (spheres)", "um", True),
    "tb_sp": Metric("Tb.Sp", "trabecular separation (spheres)", "um", True),
    "tb_n": Metric("Tb.N", "trabecular number (mid-axes)", "1/mm", True),
    "conn_d": Metric("Conn.D", "connectivity density", "1/mm^3", True),
    "da": Metric("DA", "degree of anisotropy (mean intercept length)", "1", True),
    "tb_th_imaged": Metric("Tb.Th (imaged)", "trabecular thickness as scanned", "um", True),
    "tb_sp_imaged": Metric("Tb.Sp (imaged)", "trabecular separation as scanned", "um", True),
    "tb_n_imaged": Metric("Tb.N (imaged)", "trabecular number as scanned", "1/mm", True),
    "conn_d_imaged": Metric("Conn.D (imaged)", "connectivity density as scanned", "1/mm^3", True),
}
