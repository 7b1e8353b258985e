"""`make bench`: every benchmark, one after the other."""

from __future__ import annotations

from benchmarks import calls, registry, suite


def main() -> None:
    for benchmark in (registry, calls, suite):
        benchmark.main()
        print()


if __name__ == "__main__":
    main()
