"""Names of models that only the client can read, said in whowaits.toml under [models]."""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path

import pytest

from analyzer.config import load_config
from analyzer.errors import UserErrors
from analyzer.store.audit import open_audit
from analyzer.store.ingest import ingest_paths
from analyzer.workloads.usage import spend_by

PROFILE = "arn:aws:bedrock:us-east-1:111122223333:application-inference-profile/abc123"


def config_file(folder: Path, text: str) -> Path:
    path = folder / "whowaits.toml"
    path.write_text(text)
    return path


@pytest.mark.parametrize(
    ("model", "cost"),
    [
        # Sonnet 4.5: $3 in and $15 out a million; 1,000,000 x 3 + 100,000 x 15 = $4.50
        ("global.anthropic.claude-sonnet-4-5-20250929-v1:0", "4.5"),
        # a regional endpoint costs a tenth more
        ("us.anthropic.claude-sonnet-4-5-20250929-v1:0", "4.95"),
    ],
)
def test_a_profile_costs_what_its_model_costs(model: str, cost: str, tmp_path: Path) -> None:
    call = {
        "schemaType": "ModelInvocationLog",
        "timestamp": "2026-11-04T02:00:00Z",
        "requestId": "rid-1",
        "operation": "Converse",
        "modelId": PROFILE,
        "input": {"inputTokenCount": 1_000_000},
        "output": {"outputTokenCount": 100_000},
    }
    log = tmp_path / "log.json"
    log.write_text(json.dumps(call))
    config = load_config(config_file(tmp_path, f'[models]\n"{PROFILE}" = "{model}"\n'))
    with open_audit(None) as audit:
        ingest_paths(audit, [str(log)])
        assert spend_by(audit, load_config(None)).unpriced.requests == 1
        assert spend_by(audit, config).total.list_cost_usd == Decimal(cost)


def test_what_is_no_table_of_names_is_told(tmp_path: Path) -> None:
    with pytest.raises(UserErrors, match=r"models\.a: 1"):
        load_config(config_file(tmp_path, "[models]\na = 1\n"))
    with pytest.raises(UserErrors, match="a table headed"):
        load_config(config_file(tmp_path, 'models = "a"\n'))
