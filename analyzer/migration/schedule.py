"""When the rounds of a kit run, worked back from the deadline, with the slack that is left."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from analyzer.savings.assessment import ComponentPlan
from analyzer.waiting.window import Turnaround

WINDOW_S = 24 * 3600
"""When a batch expires. source: https://platform.claude.com/docs/en/build-with-claude/batch-processing, checked
2026-11-21."""

COUNTED_ON = 0.95
CONCURRENCY = 8
MAX_ITEMS = 10_000
_CANCEL_S = 600
_CALL_S = 15
_DIRECT_PART = 8
_ROUNDS_S = (600, 300, 120)


@dataclass(frozen=True)
class Schedule:
    """One call's way through a batch; all times in seconds.

    `deadline_s`: until a result is needed, counted from when it is put down; of a chain of `links` calls each has an
    equal part. None = no deadline known. `round_s`: how often submit and collect run. `batch_s`: the time a batch is
    given, `back_share` of which are back by then. `cancel_s`, `direct_s`: kept for canceling what is late and for
    finishing `max_items` synchronously; 0 where the deadline leaves room for the whole window. `fill_s`: until enough
    requests for a job have come together, at their mean rate; 0 where one is enough.
    """

    deadline_s: float | None
    links: int
    round_s: int
    batch_s: float
    back_share: float
    cancel_s: int
    direct_s: float
    max_items: int
    fill_s: float = 0.0

    @property
    def is_guarded(self) -> bool:
        """A batch that takes its whole window would come too late: the runner's guard keeps the deadline."""
        return self.direct_s > 0

    @property
    def slack_s(self) -> float | None:
        """What is left of the deadline; None = no deadline known.

        Worked: 8 h less two rounds of 10 min, 4 h for the batch, 10 min for canceling and 1 h for the rest leave
        2 h 30 min.
        """
        if self.deadline_s is None:
            return None
        left_s = self.deadline_s - 2 * self.round_s - self.batch_s - self.cancel_s - self.direct_s - self.fill_s
        return max(left_s, 0.0)

    @property
    def is_too_slow(self) -> bool:
        """The deadline is over before a job has been filled, sent and collected."""
        return self.deadline_s is not None and self.fill_s + 2 * self.round_s >= self.deadline_s

    def minutes(self, order: int) -> tuple[int, int]:
        """First minute and step of the rounds in an hour; kits start in different minutes."""
        step = self.round_s // 60
        return 3 * order % step, step


def schedule_of(
    moves: Sequence[ComponentPlan], turnaround: Turnaround, *, has_guard: bool = True, fill_s: float = 0.0
) -> Schedule:
    """Work back from the tightest deadline of what moves, a part for each call of a chain.

    The batch is given the time in which 95 % are back, or what is left when the guard has its part: an eighth of the
    deadline, at 15 s a call and 8 at a time, which also says how many items a batch may hold. Without a guard the
    deadline has no such part, and a batch that is late stays late.
    """
    verdicts = [component.verdict for component in moves]
    known = [(v.deadline_s / max(v.chain_length, 1), v.chain_length) for v in verdicts if v.deadline_s is not None]
    deadline_s, links = min(known, default=(None, 1))
    usual_s = _within(turnaround, COUNTED_ON)
    round_s = next((r for r in _ROUNDS_S if deadline_s is None or r * 24 <= deadline_s), _ROUNDS_S[-1])
    if not has_guard and deadline_s is not None and deadline_s > 2 * round_s + fill_s:
        usual_s = min(usual_s, deadline_s - 2 * round_s - fill_s)
    if not has_guard or deadline_s is None or WINDOW_S + 2 * round_s <= deadline_s:
        back_share = turnaround.back_within(usual_s)
        return Schedule(deadline_s, links, round_s, usual_s, back_share, 0, 0.0, MAX_ITEMS, fill_s)
    direct_s = deadline_s / _DIRECT_PART
    batch_s = max(min(usual_s, deadline_s - 2 * round_s - _CANCEL_S - direct_s), 60.0)
    items = min(max(int(direct_s * CONCURRENCY / _CALL_S), 1), MAX_ITEMS)
    back_share = turnaround.back_within(batch_s)
    return Schedule(deadline_s, links, round_s, batch_s, back_share, _CANCEL_S, direct_s, items)


def _within(turnaround: Turnaround, share: float) -> float:
    """The first point of the turnaround by which that share of batches is back; the last one where none is."""
    return next((at_s for at_s, back in turnaround.points if back >= share), turnaround.points[-1][0])
