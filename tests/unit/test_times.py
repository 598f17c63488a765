from __future__ import annotations

from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest

from analyzer.times import retry_after_s


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({}, None),
        ({"retry-after": "17"}, 17.0),
        ({"retry-after": "0.5"}, 0.5),
        ({"retry-after-ms": "1500", "retry-after": "17"}, 1.5),
        ({"retry-after-ms": "odd", "retry-after": "17"}, 17.0),
        ({"retry-after": "soon"}, None),
        ({"retry-after": format_datetime(datetime.now(UTC) - timedelta(hours=1))}, 0.0),
        ({"retry-after-ms": "-5"}, 0.0),
        ({"retry-after": "-5"}, 0.0),
        ({"retry-after-ms": "nan"}, None),
        ({"retry-after": "nan"}, None),
        ({"retry-after-ms": "inf"}, None),
        ({"retry-after": "inf"}, None),
        ({"retry-after": "1e300"}, None),
        ({"retry-after": "²"}, None),
    ],
)
def test_a_wait_is_read_in_all_its_forms_and_never_negative_or_endless(
    headers: dict[str, str], seconds: float | None
) -> None:
    assert retry_after_s(headers) == seconds


def test_a_date_to_come_is_the_time_until_then() -> None:
    found = retry_after_s({"retry-after": format_datetime(datetime.now(UTC) + timedelta(hours=1))})
    assert found is not None and 3590 < found <= 3600
