"""The loaders that are fuzzed, their first inputs, and what tells that an input was parsed."""

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

ROOT = Path(__file__).parents[1]
WHERE = "trabecula/"


@dataclass
class Target:
    """A loader.

    Parameters
    ----------
    kind
        How its inputs are mutated: document, table or bytes.
    file
        Name under which an input is stored.
    watched
        Files of the program whose lines count.
    make_seeds
        Writes what the loader needs beside it into a folder; returns the first inputs.
    load
        Reads an input.
    gate
        Module and name of the function that is called once an input has been parsed.
    """

    kind: str
    file: str
    watched: tuple[str, ...]
    make_seeds: Callable[[Path], list[bytes]]
    load: Callable[[Path], object]
    gate: Callable[[], tuple[Any, str]]
    passed: int = field(default=0)

    def prepare(self) -> None:
        """Count the calls of the gate from here on."""
        owner, name = self.gate()
        function = getattr(owner, name)

        def counted(*args: Any, **kwargs: Any) -> Any:
            self.passed += 1
            return function(*args, **kwargs)

        setattr(owner, name, counted)

    def count_validated(self) -> int:
        """Return how many inputs have passed the gate."""
        return self.passed


def watch(*names: str) -> tuple[str, ...]:
    """Return the watched files of these names, relative to the package."""
    return tuple(WHERE + name for name in names)


CONFIG_FILES = watch(
    "config/load.py", "config/marks.py", "config/types.py", "config/schema.py", "config/resolve.py",
    "config/problems.py", "config/units.py", "config/regimens.py", "config/sheets.py",
)  # fmt: skip


def make_configs(place: Path) -> list[bytes]:
    """The project's own configurations, and one that has most of what a configuration may hold."""
    (place / "labs.csv").write_text("day,estradiol,testosterone\n0,40,25\n30,35,22\n")
    own = [path.read_bytes() for path in sorted((ROOT / "configs").glob("*.yaml"))]
    return [*own, RICH]


RICH = b"""name: rich
seed: 4
step: 1 d
spin_up: 1 y
settle: 30 d
duration: 400 d
lattice: {shape: [32, 32, 32], voxel: 20 um, bv_tv: 0.2, tb_th: 140 um, sides: periodic, seed: 2}
patient: {sex: female, age: 51 y, weight: 70 kg, last_period: 1 y, labs: [{day: 0, estradiol: 30 pg/mL}]}
hormones:
  levels: {estradiol: [[0, 100], [30, 10]], fsh: 80}
  blockade: {rankl: [[0, 0.5]]}
  parameters: {denosumab.clearance: 60}
protocol:
  - denosumab 60 mg sc every 6 months x 2
  - {drug: estradiol patch, dose: 50 ug, every: 1 d, from: 0, until: 200}
  - {drug: zoledronate, doses: [[10, 5]]}
fields: {every: 1 d, sources: {il1: off}, parameters: {opg.half_life: 1}}
mechanics: {every: 30 d, stress: {z: [[0, 0.6]]}}
cells: {rules: {fusion: on}, parameters: {osteocyte.trigger: 1.0e-5}}
output: {every: 2 d, snapshots: 30 d, checkpoint: 10 d, costly: 60 d, states: 100 d, states_kept: 4}
"""


def load_configuration(path: Path) -> object:
    """Read a configuration as every command does."""
    from trabecula.config import load_config

    return load_config(path)


def find_config_gate() -> tuple[Any, str]:
    """Schema and conflicts are looked at once the text has been parsed."""
    from trabecula.config import load

    return load, "find_conflicts"


def make_sheets(place: Path) -> list[bytes]:
    """Tables of labs and of doses, and configurations that read them."""
    begin = "duration: 100 d\nlattice: {shape: [24, 24, 24]}\n"
    (place / "labs.yaml").write_text(
        begin + "patient: {sex: female, age: 50, start: 2026-01-01, labs: sheet.csv}\n"
    )
    (place / "doses.yaml").write_text(
        begin
        + "patient: {sex: female, age: 50, start: 2026-01-01}\nprotocol: [{file: sheet.csv}]\n"
    )
    return [
        b"day,estradiol [pmol/L],testosterone\n0,120,25\n30,100,22\n",
        b"date,estradiol,igf1\n2026-01-05,30,1\n2026-02-05,20,0.9\n",
        b"day,drug,dose,route\n0,denosumab,60 mg,sc\n180,denosumab,60 mg,sc\n",
        b"date,drug,dose,unit\n2026-01-01,prednisone,5,mg\n2026-01-02,prednisone,7.5,mg\n",
    ]


def load_sheet(path: Path) -> None:
    """Read a table as labs and as doses."""
    from trabecula.base.errors import InputError
    from trabecula.config import load_config

    refusals = []
    for name in ("labs.yaml", "doses.yaml"):
        try:
            load_config(path.parent / name)
        except InputError as error:
            refusals.append(error)
    if len(refusals) == 2:
        raise refusals[0]


def find_sheet_gate() -> tuple[Any, str]:
    """Rows are numbered once they have been read."""
    from trabecula.config import sheets

    return sheets, "_number_days"


def make_images(suffix: str) -> Callable[[Path], list[bytes]]:
    """Small images of one format: a ball, as labels and as grey values."""

    def make(place: Path) -> list[bytes]:
        z, y, x = np.indices((7, 6, 5))
        ball = ((z - 3) ** 2 + (y - 3) ** 2 + (x - 2) ** 2 < 6).astype(np.uint8)
        found = []
        for k, values in enumerate((ball, (100 * ball).astype(np.int16), ball.astype(np.float32))):
            path = place / f"seed{k}{suffix}"
            write_image(path, values)
            found.append(path.read_bytes())
            path.unlink()
        return found

    return make


def write_image(path: Path, values: np.ndarray) -> None:
    """Write an image in the format of its name."""
    if path.suffix == ".npy":
        np.save(path, values)
    elif path.suffix == ".npz":
        np.savez(path, bone=values, voxel=20.0)
    elif path.suffix == ".tif":
        import tifffile

        tifffile.imwrite(path, values, photometric="minisblack")
    else:
        import SimpleITK

        image = SimpleITK.GetImageFromArray(values)
        image.SetSpacing((0.02, 0.02, 0.02))
        SimpleITK.WriteImage(image, str(path))


def load_any_image(path: Path) -> object:
    """Read an image as ``trabecula import`` does."""
    from trabecula.specimen.images import load_specimen_image

    given = None if path.suffix in (".npz", ".nrrd", ".mha", ".nii") else 20.0
    return load_specimen_image(path, spacing=given, threshold=0.5)


def find_image_gate() -> tuple[Any, str]:
    """Voxel sizes are looked at once the file has been read."""
    from trabecula.specimen import images

    return images, "_choose_spacing"


def make_specimens(place: Path) -> list[bytes]:
    """A small specimen file."""
    from trabecula.base.codes import Sides
    from trabecula.records import SpecimenFile, write_specimen

    fraction = np.zeros((8, 8, 8), np.float32)
    fraction[3:6] = 1.0
    path = place / "seed.h5"
    write_specimen(
        path, SpecimenFile(fraction, 20.0, Sides.MIRRORED, ("made",), "seed", {"bv_tv": 0.375})
    )
    data = path.read_bytes()
    path.unlink()
    return [data]


def load_specimen(path: Path) -> object:
    """Read a specimen file as a run does."""
    from trabecula.records import read_specimen

    return read_specimen(path)


def find_specimen_gate() -> tuple[Any, str]:
    """The kind of a file is looked at once HDF5 has opened it."""
    from trabecula.records import atomic

    return atomic, "_check_kind"


IMAGE_FILES = watch("specimen/readers.py", "specimen/images.py", "specimen/segment.py")

TARGETS = {
    "config": Target("document", "input.yaml", CONFIG_FILES, make_configs, load_configuration,
                     find_config_gate),
    "sheets": Target("table", "sheet.csv", watch("config/sheets.py"), make_sheets, load_sheet,
                     find_sheet_gate),
    **{
        name: Target("bytes", f"input.{name}", IMAGE_FILES, make_images(f".{name}"), load_any_image,
                     find_image_gate)
        for name in ("nrrd", "mha", "nii", "tif", "npy", "npz")
    },
    "specimen": Target("bytes", "input.h5", watch("records/specimenfile.py", "records/atomic.py"),
                       make_specimens, load_specimen, find_specimen_gate),
}  # fmt: skip

__all__ = ["TARGETS", "Target"]
