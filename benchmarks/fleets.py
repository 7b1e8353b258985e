"""How the kit's cost grows with what it looks after, on the embedded registry and on Apache ZooKeeper, in turns.

    python -m benchmarks.fleets

Fleets of 1 to 16 servers and of 1 to 20 clients, all of the reference (benchmarks/fleet.py); 1 to 200 light clients,
and registries of 10 to 10000 nodes (benchmarks/views.py). Each size is measured in a process of its own, since a
process's peak of memory never sinks. All ratios are of this one run: of the largest size to the smallest, of that what
falls to each, and the x of growth as n^x, where more than 1 is more than linear. What is fixed hides in x, so that of
the last step is told as well. The plot, report/bench-fleets.html, is a page that needs nothing else.
"""

from __future__ import annotations

import json
import math
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

import plotly.graph_objects as go
from plotly.subplots import make_subplots

from benchmarks.setting import MISSING

ROOT = Path(__file__).resolve().parent.parent
PLOT = ROOT / "report" / "bench-fleets.html"
WITHIN_S = 90.0
TIMES = {"s": "time by the clock", "CPU s": "processor time of the kit"}  # units, in the order of Spent's fields
MEMORY = "memory"
REGISTRIES = ("embedded", "zookeeper")
LIGHT, DRIVERS = 5, 2  # whose views are measured for each number of nodes
LEAST = 1e-4  # of whatever unit: what is below is the clock's grain
NODES = 10  # for each number of light clients


class Growth(NamedTuple):
    """What is measured at several sizes. `commands`: module and arguments after the registry, by size."""

    of: str
    commands: dict[int, tuple[str, ...]]


GROWTHS = (
    Growth("servers", {size: ("fleet", str(size), "1") for size in (1, 2, 4, 8, 16)}),
    Growth("clients", {size: ("fleet", "1", str(size)) for size in (1, 5, 20)}),
    Growth("light clients", {size: ("views", str(NODES), str(size), "0") for size in (1, 20, 200)}),
    Growth("nodes", {size: ("views", str(size), str(LIGHT), str(DRIVERS)) for size in (10, 1000, 10000)}),
)
MEANING = {
    "start": "start, until all is at rest",
    "watched": "watched for a second",
    "kill-worker": "fault kill-worker, until rest",
    "cut-server": "fault cut-server, until rest",
    "expire-server": "fault expire-server, until rest",
    "calls": "100 calls",
    "end": "end",
    "fill": "fill the registry",
    "look": "one look at all nodes",
    "watchers start": "light clients start and read the list",
    "watchers": "a change, until the last light client has it",
    "drivers start": "drivers of the reference start and list all",
    "drivers": "a change, until the last driver lists it",
    MEMORY: "peak of the kit's memory, MB more",
}


class Curve(NamedTuple):
    """One figure by size. `unit`: "s" by the clock, "CPU s" of the kit, "MB"."""

    of: str
    figure: str
    registry: str
    unit: str
    points: dict[int, float]

    @property
    def exponent(self) -> float:
        """x, if it has grown as size^x from the smallest size to the largest."""
        (first, before), *_, (last, after) = self.points.items()
        return grown(before, after) / math.log(last / first)

    @property
    def last_step(self) -> float:
        """The same, from the largest size but one."""
        *_, (first, before), (last, after) = self.points.items()
        return grown(before, after) / math.log(last / first)


def grown(before: float, after: float) -> float:
    return math.log(ratio(after, before))


def ratio(one: float, other: float) -> float:
    return max(one, LEAST) / max(other, LEAST)


def main() -> None:
    curves = [curve for growth in GROWTHS for curve in measure(growth)]
    for growth in GROWTHS:
        tell(growth, [curve for curve in curves if curve.of == growth.of])
    draw(curves)
    print(f"plotted in {PLOT.relative_to(ROOT)}")


def measure(growth: Growth) -> list[Curve]:
    found: dict[tuple[str, str, str], dict[int, float]] = {}
    for size, command in growth.commands.items():
        for registry in REGISTRIES:
            for (figure, unit), value in run(registry, *command).items():
                found.setdefault((figure, registry, unit), {})[size] = value
    return [Curve(growth.of, *key, points) for key, points in found.items()]


def run(registry: str, module: str, *sizes: str) -> dict[tuple[str, str], float]:
    """What one measurement prints, by figure and unit; nothing, and a line that says why, where its registry can't be
    had, or where it isn't done in time.
    """
    command = [sys.executable, "-m", f"benchmarks.{module}", registry, *sizes]
    try:
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=WITHIN_S, check=False)
    except subprocess.TimeoutExpired:
        print(f"{' '.join([registry, module, *sizes])} is left out: not done in {WITHIN_S:g} s")
        return {}
    if done.returncode == MISSING:
        print(f"{registry} is left out: {done.stderr.strip()}")
        return {}
    if done.returncode != 0:
        raise SystemExit(f"{' '.join(command[1:])} ended with status {done.returncode}:\n{done.stderr}")
    figures = json.loads(done.stdout)
    spent = {
        (name, unit): value[at] for name, value in figures.items() if name != MEMORY for at, unit in enumerate(TIMES)
    }
    return {**spent, (MEMORY, "MB"): figures[MEMORY]}


def tell(growth: Growth, curves: list[Curve]) -> None:
    sizes = list(growth.commands)
    print(
        f"\n{growth.of:44} {'registry':10}{'':6}"
        + "".join(f"{size:>9}" for size in sizes)
        + "  of least    each   n^x  last"
    )
    for curve in sorted(curves, key=lambda curve: list(MEANING).index(curve.figure)):
        values = "".join(f"{curve.points[size]:9.3f}" if size in curve.points else f"{'-':>9}" for size in sizes)
        growing = growth_of(curve) if len(curve.points) > 1 else ""
        print(f"{MEANING[curve.figure]:44} {curve.registry:10}{curve.unit:6}{values} {growing}")


def growth_of(curve: Curve) -> str:
    (least, before), *_, (most, after) = curve.points.items()
    of_least = ratio(after, before)
    return f"{of_least:9.1f} {of_least * least / most:7.3f} {curve.exponent:5.2f} {curve.last_step:5.2f}"


def draw(curves: list[Curve]) -> None:
    """A row for each growth: by the clock, and the kit's processor time, each as a ratio to the smallest size."""
    titles = [f"{growth.of}: {what}" for growth in GROWTHS for what in TIMES.values()]
    figure = make_subplots(rows=len(GROWTHS), cols=len(TIMES), subplot_titles=titles)
    for curve in curves:
        if curve.unit in TIMES:
            row = 1 + [growth.of for growth in GROWTHS].index(curve.of)
            line = {"dash": "solid" if curve.registry == "embedded" else "dot"}
            first, *_ = curve.points.values()
            ratios = [ratio(value, first) for value in curve.points.values()]
            name = f"{curve.of}: {curve.figure}, {curve.registry}"
            trace = go.Scatter(x=list(curve.points), y=ratios, name=name, line=line, mode="lines+markers")
            figure.add_trace(trace, row=row, col=1 + list(TIMES).index(curve.unit))
    figure.update_xaxes(type="log")
    figure.update_yaxes(type="log", title_text="of the smallest size's")
    figure.update_layout(title="How the kit's cost grows, measured in one run", height=420 * len(GROWTHS))
    PLOT.parent.mkdir(parents=True, exist_ok=True)
    figure.write_html(PLOT, include_plotlyjs=True)


if __name__ == "__main__":
    main()
