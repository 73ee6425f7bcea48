"""How far chance alone moves a year: spread of BV/TV change and turnover over seeds, by volume.

Every run is another structure and another life under replete hormones: it lives in for
``--spin-up`` days, then the year that counts. What `trabecula check` says about noise rests on this.
``python benchmarks/noise.py [--edges 64 96] [--seeds 10]``.
"""

import argparse
import statistics

from replete import make_model

YEAR = 365


def live_year(edge: int, seed: int, spin_up: int) -> tuple[float, float]:
    """Return the change of bone volume (%) and the turnover (%) of one year of one bone."""
    _, model = make_model(edge, seed)
    model.run_steps(spin_up)
    volume = model.state.volume
    start, formed, resorbed = volume.expected, volume.formed, volume.resorbed
    model.run_steps(YEAR)
    through = (volume.formed - formed + volume.resorbed - resorbed) / 2
    return 100.0 * (volume.expected - start) / start, 100.0 * through / start


def main() -> None:
    """Print, per volume, mean and standard deviation over seeds."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--edges", type=int, nargs="+", default=[64, 96])
    parser.add_argument("--seeds", type=int, default=10)
    parser.add_argument("--spin-up", type=int, default=540)
    options = parser.parse_args()
    print("mm^3   seeds  BV/TV change: mean  SD (%)   turnover: mean (%/yr)  CV (%)")
    for edge in options.edges:
        runs = [live_year(edge, seed, options.spin_up) for seed in range(1, options.seeds + 1)]
        change, turnover = zip(*runs, strict=True)
        mean = statistics.mean(turnover)
        print(
            f"{(edge * 0.02) ** 3:5.2f} {len(runs):6d} {statistics.mean(change):+18.2f} "
            f"{statistics.stdev(change):7.2f} {mean:21.1f} "
            f"{100 * statistics.stdev(turnover) / mean:9.1f}",
            flush=True,
        )


if __name__ == "__main__":
    main()
