"""Signs in the log that answers are longer than needed; they are shown with what they are worth, never counted."""

from __future__ import annotations

from dataclasses import dataclass, replace
from decimal import Decimal
from pathlib import Path

from analyzer.sqlblocks import sql_blocks
from analyzer.store.audit import Audit

_SQL = Path(__file__).with_suffix(".sql")
_LEAST_ANSWERS = 20
_LEAST_CUT_OFF_SHARE = Decimal("0.01")
_LEAST_THINKING_SHARE = Decimal("0.2")


@dataclass(frozen=True)
class Peers:
    """Answers that are long beside those of others to the same prefix by the same model.

    `answers` with `output_tokens` of this component; `peers_tokens`: what as many would have at the mean of the others;
    `workload`, `component`: the one of the others with the most answers.
    """

    answers: int
    output_tokens: int
    peers_tokens: int
    workload: str
    component: str


@dataclass(frozen=True)
class OutputSigns:
    """What the log tells of a component's answers.

    `limited`: answers whose max_tokens is known; `cut_off`: those that used all of it, with `cut_off_tokens` of output.
    `thought`: answers whose thinking is known; of their `thought_output` tokens `thinking_tokens` are thinking.
    """

    limited: int = 0
    cut_off: int = 0
    output_tokens: int = 0
    cut_off_tokens: int = 0
    thought: int = 0
    thought_output: int = 0
    thinking_tokens: int = 0
    peers: Peers | None = None

    @property
    def peers_share(self) -> Decimal | None:
        """Today's output that would be left at the length of the peers; None = no longer than they are."""
        if self.peers is None:
            return None
        longer = self.peers.output_tokens - self.peers.peers_tokens
        return 1 - Decimal(longer) / Decimal(self.output_tokens)

    def sentences(self) -> tuple[str, ...]:
        """Each sign with its numbers."""
        found = []
        if self.limited and self.cut_off >= _LEAST_CUT_OFF_SHARE * self.limited and self.cut_off > 1:
            found.append(
                f"{self.cut_off:,} of {self.limited:,} answers use all of max_tokens, so they are cut off; "
                f"they hold {_percent(self.cut_off_tokens, self.output_tokens)} of the output."
            )
        if self.thinking_tokens and self.thinking_tokens >= _LEAST_THINKING_SHARE * self.thought_output:
            found.append(
                f"{_percent(self.thinking_tokens, self.thought_output)} of the output of {self.thought:,} answers is "
                "thinking; a lower effort shortens it."
            )
        if self.peers:
            found.append(
                f"Answers have {self.peers.output_tokens // self.peers.answers:,} tokens on average, those to the same "
                f"prompt in {self.peers.workload} / {self.peers.component} and others "
                f"{self.peers.peers_tokens // self.peers.answers:,}."
            )
        return tuple(found)


def read_output_signs(audit: Audit) -> dict[int, OutputSigns]:
    """By component_no. Takes the temp tables of `analyzer.workloads.scan`."""
    sql, connection = sql_blocks(_SQL), audit.connection
    connection.execute(f"create or replace temp table answers_by_prefix as {sql['answers_by_prefix']}")
    peers = {
        no: Peers(*values)
        for no, *values in connection.execute(sql["longer_than_peers"], {"least": _LEAST_ANSWERS}).fetchall()
    }
    connection.execute("drop table answers_by_prefix")
    rows = connection.execute(sql["limits_and_thinking"]).fetchall()
    return {no: replace(OutputSigns(*values), peers=peers.get(no)) for no, *values in rows}


def _percent(part: int, whole: int) -> str:
    return f"{Decimal(100 * part) / Decimal(whole):.0f} %"
