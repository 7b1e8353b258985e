"""`make bench`: every benchmark, one after the other."""

from __future__ import annotations

from benchmarks import calls, chaos, fleets, registry, suite


def main() -> None:
    for benchmark in (registry, fleets, calls, suite, chaos):
        benchmark.main()
        print()


if __name__ == "__main__":
    main()
