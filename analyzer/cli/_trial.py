"""What the commands of `whowaits trial` share."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal, InvalidOperation
from typing import Any, TypeVar

import click

F = TypeVar("F", bound=Callable[..., Any])


def amount_option(name: str, default: str | None, text: str) -> Callable[[F], F]:
    """An option that takes dollars."""
    return click.option(
        name, metavar="USD", default=default, show_default=default is not None, callback=_amount, help=text
    )


def _amount(context: click.Context, parameter: click.Parameter, text: str | None) -> Decimal | None:
    if text is None:
        return None
    try:
        amount = Decimal(text)
        if amount.is_finite() and amount >= 0:
            return amount
    except InvalidOperation:
        pass
    raise click.BadParameter(f"found {text!r}, expected an amount in dollars such as 2.50")
