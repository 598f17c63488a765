"""`python -m analyzer` is `whowaits`."""

from __future__ import annotations

from analyzer.cli import main

main()
