"""The files of a kit pass the parsers of the tools that read them, and a workload's name is text in every one."""

from __future__ import annotations

import ast
import json
import os
import re
import shutil
import subprocess
import sys
import tomllib
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import boto3
import kubernetes_validate
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from kit_clouds import REGION
from kit_parsers import crontab_entries, typescript_words, unit_sections, yaml_documents
from migration_values import HOSTILE, assessment, component, workload
from ruamel.yaml.error import YAMLError

from analyzer.migration import kits_of, write_kits
from analyzer.savings.assessment import Assessment

PLAIN = "nightly digest"
UNSEEN = re.compile(r"[\x00-\x08\x0b-\x1f\x7f\x80-\x9f\u200e\u200f\u2028-\u202e\u2066-\u2069]")


PROVIDERS = ("anthropic", "aws_bedrock", "gcp_vertex")


def one(name: str, provider: str = "anthropic") -> Assessment:
    plan = component(
        name, deadline_s=8 * 3600.0, levers=("caching", "batch"), sentence=name, providers=(provider,),
        model="claude-haiku-4-5",
    )  # fmt: skip
    return assessment(workload(name, plan))


def kit_files(name: str, folder: Path, provider: str) -> tuple[str, dict[str, str]]:
    """The job's name, and each file of the kit."""
    (kit,) = kits_of(one(name, provider))
    paths = write_kits(one(name, provider), folder)[1:]
    root = folder / kit.folder
    assert all(path.resolve().is_relative_to(root) for path in paths)
    return kit.job, {str(path.relative_to(root)): path.read_text(encoding="utf-8") for path in paths}


@cache
def plain_files(provider: str) -> tuple[str, dict[str, str]]:
    """Those of a plain name."""
    with TemporaryDirectory() as folder:
        return kit_files(PLAIN, Path(folder).resolve(), provider)


def effective(text: str) -> list[str]:
    """What is no comment."""
    return [line for line in text.split("\n") if not line.startswith("#")]


@pytest.mark.parametrize("provider", PROVIDERS)
@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_name_changes_nothing_but_text(name: str, provider: str, tmp_path: Path) -> None:
    assert_inert(name, tmp_path, provider)


@settings(max_examples=30, deadline=None, derandomize=True)
@given(st.text(st.characters() | st.sampled_from("\\\"'`$%{}#|\n\u2028\u0085*/"), max_size=40))
def test_no_name_at_all_changes_anything_but_text(name: str) -> None:
    for provider in PROVIDERS:
        with TemporaryDirectory() as folder:
            assert_inert(name, Path(folder), provider)


def assert_inert(name: str, folder: Path, provider: str) -> None:
    """Each file of the kit is that of a plain name, but for one constant or comment that holds the name."""
    job, hostile = kit_files(name, folder, provider)
    plain_job, texts = plain_files(provider)
    plain = {path.replace(plain_job, job): text.replace(plain_job, job) for path, text in texts.items()}
    assert re.fullmatch(r"[a-z0-9][a-z0-9-]{0,46}", job)
    assert set(hostile) == set(plain)
    assert not [path for path, text in hostile.items() if UNSEEN.search(text)]
    for path in set(plain) - {"RUNBOOK.md", "batch.toml", "before_after.py", "before_after.ts"}:
        assert effective(hostile[path]) == effective(plain[path]), path
    if "batch.toml" in plain:
        job_file = tomllib.loads(hostile["batch.toml"])
        assert job_file["job"].pop("workload") == re.sub("[\ud800-\udfff]", "\ufffd", name)
        expected = tomllib.loads(plain["batch.toml"])
        assert expected["job"].pop("workload") == PLAIN
        assert job_file == expected
    assert python_of(hostile["before_after.py"], name) == python_of(plain["before_after.py"], PLAIN)
    assert typescript_of(hostile["before_after.ts"], name) == typescript_of(plain["before_after.ts"], PLAIN)


def python_of(text: str, name: str) -> str:
    """The program, with the constant that must hold the name taken out."""
    program = ast.parse(text)
    (constant,) = [n for n in program.body if isinstance(n, ast.Assign) and ast.unparse(n.targets[0]) == "WORKLOAD"]
    assert ast.literal_eval(constant.value) == name
    program.body.remove(constant)
    return ast.dump(program)


def typescript_of(text: str, name: str) -> list[str]:
    """The same for TypeScript, whose strings are those of JSON here."""
    words = typescript_words(text)
    at = words.index("WORKLOAD")
    assert words[at - 1] == "const" and words[at + 1] == "=" and words[at + 3] == ";"
    assert json.loads(words.pop(at + 2)) == name
    return words


@pytest.mark.parametrize("provider", PROVIDERS)
@pytest.mark.parametrize("name", ["index", "runbook"])
def test_a_hostile_name_is_no_markup(name: str, provider: str, tmp_path: Path) -> None:
    for hostile in HOSTILE:
        folder = tmp_path / str(HOSTILE.index(hostile))
        paths = write_kits(one(hostile, provider), folder)
        text = next(path for path in paths if path.stem.lower() == name).read_text(encoding="utf-8")
        inert = re.sub(r"\\.", "", text)
        assert "<script" not in inert and "](http" not in inert
        tables = [table.splitlines() for table in re.findall(r"(?:^\|.*\n)+", inert, re.MULTILINE)]
        assert tables and all(len({line.count("|") for line in lines}) == 1 for lines in tables), hostile
        assert len(re.findall(r"^# ", inert, re.MULTILINE)) == 1


def test_the_crontab_has_one_round_and_spreads_the_kits(tmp_path: Path) -> None:
    plans = [workload(f"w{number}", component("c")) for number in range(3)]
    entries = [
        entry
        for path in write_kits(assessment(*plans), tmp_path)
        if path.name == "crontab"
        for entry in crontab_entries(path.read_text())
    ]
    # kits 1, 2 and 3 of 10 minutes start 3 minutes apart
    assert [times for times, _ in entries] == ["3-59/10 * * * *", "6-59/10 * * * *", "9-59/10 * * * *"]
    home = "$HOME/whowaits/01-w0"
    assert entries[0][1] == f'/bin/bash "{home}/run.sh" >>"{home}/run.log" 2>&1'


def test_the_units_run_the_round_and_systemd_takes_them(tmp_path: Path) -> None:
    kits = tmp_path / "whowaits"
    for path in write_kits(assessment(*(workload(name, component("c")) for name in HOSTILE)), kits):
        if path.suffix == ".service":
            service = unit_sections(path.read_text(encoding="utf-8"))["Service"]
            assert service["ExecStart"] == "/bin/bash run.sh"
            assert service["WorkingDirectory"] == f"%h/whowaits/{path.parents[1].name}"
        if path.suffix == ".timer":
            timer = unit_sections(path.read_text(encoding="utf-8"))
            assert re.fullmatch(r"\*:\d/10", timer["Timer"]["OnCalendar"])
            assert timer["Install"] == {"WantedBy": "timers.target"}
            assert path.with_suffix(".service").is_file()
    assert len(sorted(kits.glob("*/schedule/whowaits-*"))) == 2 * len(HOSTILE)


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="systemd-analyze is not on this machine")
def test_systemd_takes_the_units(tmp_path: Path) -> None:
    write_kits(assessment(*(workload(name, component("c")) for name in HOSTILE)), tmp_path / "whowaits")
    units = sorted((tmp_path / "whowaits").glob("*/schedule/whowaits-*"))
    for unit in units:
        shutil.copy(unit, tmp_path / unit.name)
    command = ["systemd-analyze", "verify", "--user", "--man=no", *(str(tmp_path / unit.name) for unit in units)]
    environment = {**os.environ, "HOME": str(tmp_path), "XDG_RUNTIME_DIR": str(tmp_path)}
    told = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert (len(units), told.returncode, told.stderr) == (2 * len(HOSTILE), 0, "")


@pytest.fixture(scope="module")
def every_kit(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Kits of all services for all hostile names."""
    folder = tmp_path_factory.mktemp("kits")
    for provider in PROVIDERS:
        plans = [workload(name, component("c", providers=(provider,), model="claude-haiku-4-5")) for name in HOSTILE]
        write_kits(assessment(*plans), folder / provider)
    return folder


def test_kubernetes_takes_every_manifest(every_kit: Path) -> None:
    paths = every_kit.glob("*/0[1-4]-*/schedule/cronjob.yaml")  # four of each service; they differ by a name alone
    manifests = [document for path in paths for document in yaml_documents(path.read_text("utf-8"))]
    assert len(manifests) == 2 * 4 * len(PROVIDERS)
    for manifest in manifests:
        kubernetes_validate.validate(manifest, "1.33", strict=True)


def test_the_schema_of_kubernetes_can_refuse(every_kit: Path) -> None:
    _, cronjob = yaml_documents(next(every_kit.rglob("cronjob.yaml")).read_text("utf-8"))
    cronjob["spec"]["jobTemplate"]["spec"]["template"]["spec"]["containers"][0]["volumeMount"] = []
    with pytest.raises(kubernetes_validate.ValidationError):
        kubernetes_validate.validate(cronjob, "1.33", strict=True)


def test_github_takes_every_workflow(every_kit: Path, tmp_path: Path) -> None:
    workflows = [str(path) for path in every_kit.rglob("workflow.yaml")]
    assert len(workflows) == len(PROVIDERS) * len(HOSTILE)
    told = check_workflows(*workflows)
    assert (told.returncode, told.stdout.strip()) == (0, "ok -- validation done"), told.stdout + told.stderr
    wrong = tmp_path / "workflow.yaml"
    wrong.write_text(Path(workflows[0]).read_text("utf-8").replace("runs-on:", "runs_on:"))
    assert check_workflows(str(wrong)).returncode == 1


def check_workflows(*paths: str) -> subprocess.CompletedProcess[str]:
    """By the schema of GitHub workflows that check-jsonschema brings along."""
    command = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", "vendor.github-workflows", *paths]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_bash_takes_every_round_and_python_every_program(every_kit: Path) -> None:
    shellcheck = Path(sys.executable).with_name("shellcheck")
    rounds = list(every_kit.rglob("run.sh"))
    assert len(rounds) == len(PROVIDERS) * len(HOSTILE)
    different = {path.read_bytes(): path for path in rounds}.values()
    assert len(different) == len(PROVIDERS)  # the name is in none of them
    for path in different:
        assert subprocess.run(["bash", "-n", path], check=False).returncode == 0
        lint = subprocess.run([shellcheck, "--severity=style", path], capture_output=True, text=True, check=False)
        assert (lint.returncode, lint.stdout) == (0, "")
    for path in every_kit.rglob("*.py"):
        compile(path.read_text("utf-8"), path.name, "exec")
    for path in every_kit.rglob("*.json"):
        assert json.loads(path.read_text("utf-8"))


def test_the_rights_of_a_bedrock_kit_name_operations_that_exist(every_kit: Path) -> None:
    known = {f"bedrock:{name}" for name in boto3.client("bedrock", REGION).meta.service_model.operation_names}
    known |= {f"bedrock:{name}" for name in boto3.client("bedrock-runtime", REGION).meta.service_model.operation_names}
    known |= {"s3:GetObject", "s3:PutObject", "s3:ListBucket", "iam:PassRole", "sts:AssumeRole"}
    policies = [json.loads(path.read_text()) for path in every_kit.rglob("iam/*.json")]
    assert len(policies) == 3 * len(HOSTILE)
    statements = [statement for policy in policies for statement in policy["Statement"]]
    actions = [statement["Action"] for statement in statements]
    assert {a for action in actions for a in ([action] if isinstance(action, str) else action)} <= known
    assert all(statement["Effect"] == "Allow" and statement.get("Resource", "-") != "" for statement in statements)


def test_the_cronjob_has_the_shape_of_batch_v1(tmp_path: Path) -> None:
    write_kits(assessment(workload("true", component("c"))), tmp_path)
    claim, cronjob = yaml_documents((tmp_path / "01-true" / "schedule" / "cronjob.yaml").read_text())
    assert (claim["apiVersion"], claim["kind"], claim["metadata"]["name"]) == ("v1", "PersistentVolumeClaim", "true")
    assert claim["spec"]["accessModes"] == ["ReadWriteOnce"]
    assert (cronjob["apiVersion"], cronjob["kind"], cronjob["metadata"]["name"]) == ("batch/v1", "CronJob", "true")
    spec = cronjob["spec"]
    assert list(crontab_entries(f"{spec['schedule']} x\n")) == [("3-59/10 * * * *", "x")]
    assert spec["concurrencyPolicy"] == "Forbid" and spec["startingDeadlineSeconds"] == 600
    pod = spec["jobTemplate"]["spec"]["template"]["spec"]
    assert spec["jobTemplate"]["spec"]["backoffLimit"] == 0 and pod["restartPolicy"] == "Never"
    (container,) = pod["containers"]
    assert container["command"] == ["/bin/bash", "/job/run.sh"]
    volumes: dict[str, Any] = {volume["name"]: volume for volume in pod["volumes"]}
    assert {mount["name"] for mount in container["volumeMounts"]} == set(volumes)
    assert volumes["state"]["persistentVolumeClaim"] == {"claimName": "true"}
    assert [m["mountPath"] for m in container["volumeMounts"]] == ["/job", "/job/batch.toml", "/job/run.sh", "/tmp"]
    assert container["env"][0]["valueFrom"] == {"secretKeyRef": {"name": "anthropic", "key": "api-key"}}


def test_the_workflow_has_the_shape_that_github_takes(tmp_path: Path) -> None:
    write_kits(assessment(workload("w", component("c", deadline_s=3600.0))), tmp_path)
    text = (tmp_path / "01-w" / "schedule" / "workflow.yaml").read_text()
    (workflow,) = yaml_documents(text)
    assert set(workflow) == {"name", "on", "permissions", "concurrency", "jobs"}
    # rounds of 2 minutes are more often than GitHub takes
    assert workflow["on"]["schedule"] == [{"cron": "1-59/5 * * * *"}] and "slower than the 2 min" in text
    assert workflow["permissions"] == {}
    assert workflow["concurrency"] == {"group": "whowaits-w", "cancel-in-progress": False}
    (job,) = workflow["jobs"].values()
    assert job["runs-on"] == "self-hosted"
    (step,) = job["steps"]
    assert step["env"] == {"ANTHROPIC_API_KEY": "${{ secrets.ANTHROPIC_API_KEY }}"}
    assert step["run"] == 'bash "$HOME/whowaits/01-w/run.sh"' and text.count("${{") == 1


def test_the_round_submits_then_collects_and_ends_with_the_worse_code(tmp_path: Path) -> None:
    write_kits(assessment(workload("w", component("c"))), tmp_path / "kits")
    script = tmp_path / "kits" / "01-w" / "run.sh"
    assert subprocess.run(["bash", "-n", script], check=False).returncode == 0
    fake = tmp_path / "whowaits"
    fake.write_text('#!/bin/bash\necho "$2 $4 $PWD $ANTHROPIC_API_KEY"\n[ "$2" = submit ] && exit 3\nexit 1\n')
    fake.chmod(0o755)
    (tmp_path / "kits" / "env").write_text(f"ANTHROPIC_API_KEY=of-the-file\nWHOWAITS={fake}\n")
    told = subprocess.run(["bash", script], capture_output=True, text=True, check=False)
    folder = script.parent
    assert told.stdout.splitlines() == [f"{step} batch.toml {folder} of-the-file" for step in ("submit", "collect")]
    assert told.returncode == 3


def test_the_yaml_parser_can_refuse() -> None:
    for wrong in ("a: b: c\n", "- a\nb: c\n", 'a: "x\n', "a: *b\n", "a: 1\na: 2\n"):
        with pytest.raises(YAMLError):
            yaml_documents(wrong)


def test_the_other_parsers_can_refuse() -> None:
    for wrong in ("* * * * x\n", "61 * * * * x\n", "* * * * * date +%s\n", "NAME=value\n"):
        with pytest.raises((AssertionError, ValueError)):
            list(crontab_entries(wrong))
    for wrong in ("Name=x\n", "[Unit]\nx\n", "[Unit]\nA=%n\n", "[Unit]\nA=x\\\n"):
        with pytest.raises(AssertionError):
            unit_sections(wrong)
    for wrong in ("f(]", "a{", '"x', "const x: = 1;"):
        with pytest.raises(AssertionError):
            typescript_words(wrong)
