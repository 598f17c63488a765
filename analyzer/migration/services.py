"""The batch services that a kit can move a workload to, and which one its calls are at."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from analyzer.savings.assessment import ComponentPlan

_BEDROCK_IDS = {
    "claude-haiku-4-5": "anthropic.claude-haiku-4-5-20251001-v1:0",
    "claude-sonnet-4-5": "anthropic.claude-sonnet-4-5-20250929-v1:0",
}
"""The models that have a batch price at Bedrock, by the ids that logs of Bedrock show and genai-prices matches; what an
account has is told by its console, and the runbook says to look."""


@dataclass(frozen=True)
class Service:
    """A batch service, with what the files of a kit say of it. `place` is whose it is.

    `script`: what the kit brings to speak to it; empty = `whowaits batch` does, with caps in dollars, the guard and
    cache priming. `min_records`, `max_records`, `max_bytes`: of one job, by default; `source` says from where.
    """

    name: str
    place: str
    title: str
    providers: frozenset[str]
    script: str = ""
    min_records: int = 1
    max_records: int = 10_000
    max_bytes: int = 200_000_000
    source: str = ""

    @property
    def has_runner(self) -> bool:
        """`whowaits batch` speaks to it."""
        return not self.script


ANTHROPIC = Service(
    "anthropic", "the Claude API", "the Message Batches API", frozenset({"anthropic", "claude_platform_aws"})
)
BEDROCK = Service(
    "bedrock",
    "Bedrock",
    "Bedrock batch inference",
    frozenset({"aws_bedrock"}),
    script="bedrock_batch.py",
    min_records=100,
    max_records=50_000,
    max_bytes=1_000_000_000,
    source="https://docs.aws.amazon.com/general/latest/gr/bedrock.html#limits_bedrock",
)
VERTEX = Service(
    "vertex",
    "Vertex",
    "Vertex batch predictions",
    frozenset({"gcp_vertex"}),
    script="vertex_batch.py",
    source="https://cloud.google.com/vertex-ai/generative-ai/docs/partner-models/claude/batch",
)


def service_of(moves: Iterable[ComponentPlan]) -> tuple[Service, tuple[str, ...]]:
    """Where most tokens of what moves are spent, and the providers of another name that have some of it, sorted.

    A provider without a batch service of its own counts to the Message Batches API.
    """
    sums: Counter[Service] = Counter()
    providers: set[str] = set()
    for part in (part for component in moves for part in component.today):
        sums[_service_at(part.key.provider)] += part.tokens.input_tokens + part.tokens.output_tokens
        providers.add(part.key.provider)
    most = max(sums, key=lambda service: (sums[service], service.name), default=ANTHROPIC)
    return most, tuple(sorted(providers - most.providers))


def model_ids(service: Service, moves: Iterable[ComponentPlan]) -> dict[str, str]:
    """Each model of what moves with its id at the service; what is not known of it says REPLACE.

    At Bedrock a call through the global profile is told apart by its price; any other place (`us`, `eu`, a Region) is
    for the engineer to name.
    """
    places: dict[str, set[str]] = {model: set() for component in moves for model in component.models}
    for part in (part for component in moves for part in component.today):
        places.setdefault(part.key.model, set()).add(part.key.geography)
    return {model: _id_of(service, model, places[model]) for model in sorted(places)}


def _service_at(provider: str) -> Service:
    return next((service for service in (BEDROCK, VERTEX) if provider in service.providers), ANTHROPIC)


def _id_of(service: Service, model: str, geographies: set[str]) -> str:
    if service is not BEDROCK:
        return model
    if model not in _BEDROCK_IDS:
        return f"REPLACE-WITH-THE-ID-OF-{model}"
    return f"{'global' if geographies == {'global'} else 'REPLACE-PLACE'}.{_BEDROCK_IDS[model]}"
