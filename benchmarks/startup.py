"""`whowaits --help` beside a bare interpreter: whole-process wall time, medians of interleaved runs."""

from __future__ import annotations

import statistics
import subprocess
import sys
import time

RUNS = 15


def wall_s(command: list[str]) -> float:
    started = time.perf_counter()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    return time.perf_counter() - started


def main() -> None:
    commands = {
        "python -c pass": [sys.executable, "-c", "pass"],
        "whowaits --help": [sys.executable, "-m", "analyzer", "--help"],
        "import analyzer.batch": [sys.executable, "-c", "import analyzer.batch"],
    }
    times: dict[str, list[float]] = {name: [] for name in commands}
    for run in range(RUNS + 1):
        for name, command in commands.items():
            seconds = wall_s(command)
            if run:
                times[name].append(seconds)
    bare = statistics.median(times["python -c pass"])
    print("| command | median, s | min-max, s | × bare interpreter |\n|---|---|---|---|")
    for name, seconds_list in times.items():
        median = statistics.median(seconds_list)
        span = f"{min(seconds_list):.3f}-{max(seconds_list):.3f}"
        print(f"| `{name}` | {median:.3f} | {span} | {median / bare:.1f} |")


if __name__ == "__main__":
    main()
