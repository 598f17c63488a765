"""Its place puts this folder on the import path, so that tests of every tier can share the fixtures in it."""

from __future__ import annotations

import signal

from hypothesis import settings

settings.register_profile("whowaits", deadline=None, derandomize=True)
settings.load_profile("whowaits")

# What a shell starts in the background ignores SIGINT, and so do its children; the tests that interrupt need it.
signal.signal(signal.SIGINT, signal.default_int_handler)
