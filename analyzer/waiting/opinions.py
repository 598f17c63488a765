"""A second opinion as evidence of its own kind: shown beside the rest, and without weight.

Claude was shown the same evidence that the rules weigh (`whowaits trial waiting`), and a few prompts where somebody
asked for that. Its answer is no fact: it never moves the probability, and an owner's answer always stands above it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from analyzer.store.audit import Audit
from analyzer.waiting.verdicts import ComponentVerdict, Evidence, Says

_SAYS: dict[str, Says] = {
    "a person waits": "someone-waits",
    "a process waits": "process-waits",
    "nobody waits": "nobody-waits",
}


Opinions = Mapping[tuple[str, str], Evidence]


def with_opinions(opinions: Opinions, verdicts: tuple[ComponentVerdict, ...]) -> tuple[ComponentVerdict, ...]:
    """The components with the opinions of them, last in their evidence."""
    return tuple(
        replace(verdict, evidence=(*verdict.evidence, opinions[verdict.workload, verdict.component]))
        if (verdict.workload, verdict.component) in opinions
        else verdict
        for verdict in verdicts
    )


def known_opinions(audit: Audit) -> Opinions:
    """What the audit was told, by workload and component; an opinion that cannot tell either is left out."""
    rows = audit.connection.execute(
        "select workload, component, says, because, model, asked_on from second_opinions"
    ).fetchall()
    return {
        (workload, component): Evidence(
            "second-opinion",
            _SAYS[says],
            "opinion",
            0.0,
            f"Second opinion ({model}, {asked_on}, from this evidence; counts nothing): {says}. {because}",
        )
        for workload, component, says, because, model, asked_on in rows
        if says in _SAYS
    }
