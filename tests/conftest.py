"""Its place puts this folder on the import path, so that tests of every tier can share the fixtures in it."""

from __future__ import annotations

from hypothesis import settings

settings.register_profile("whowaits", deadline=None, derandomize=True)
settings.load_profile("whowaits")
