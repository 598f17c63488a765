"""Stands in for `aws`, `gcloud` and `curl`: a bucket and jobs in the folder $FAKE_CLOUD. Its first word is which.

Files in $FAKE_CLOUD steer it: `status` is what jobs are told to be (default: ended well), `die` names a step before
or after which the round is killed, once.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import sys
from pathlib import Path
from typing import Any

CLOUD = Path(os.environ["FAKE_CLOUD"])
ENDED = {"bedrock": "Completed", "vertex": "JOB_STATE_SUCCEEDED"}


def die(step: str) -> None:
    """Kill the round that called, if this is the step."""
    plan = CLOUD / "die"
    if plan.exists() and plan.read_text() == step:
        plan.unlink()
        os.kill(os.getppid(), signal.SIGKILL)
        sys.exit(1)


def place(url: str) -> Path:
    return CLOUD / url.split("://", 1)[1].rstrip("/*")


def copy(source: str, target: str, *, whole: bool) -> None:
    is_up = "://" in target
    one, other = (Path(source), place(target)) if is_up else (place(source), Path(target))
    if whole:
        if one.exists():
            shutil.copytree(one, other, dirs_exist_ok=True)
        return
    other.parent.mkdir(parents=True, exist_ok=True)
    shutil.copy(one, other)


def message(model: str, text: str) -> dict[str, Any]:
    return {
        "id": "msg_1",
        "type": "message",
        "role": "assistant",
        "model": model,
        "content": [{"type": "text", "text": f"answer to {text}"}],
        "stop_reason": "end_turn",
        "stop_sequence": None,
        "usage": {"input_tokens": 1000, "output_tokens": 100},
    }


def start(token: str, definition: dict[str, Any]) -> None:
    """Once for each token."""
    path = CLOUD / "jobs" / f"{token}.json"
    path.parent.mkdir(exist_ok=True)
    with (CLOUD / "starts").open("a") as file:
        file.write(f"{token}\n")
    if not path.exists():
        path.write_text(json.dumps(definition))


def finish(token: str, kind: str) -> str:
    """Write the output of a job; its state."""
    plan = CLOUD / "status"
    status = plan.read_text() if plan.exists() else ENDED[kind]
    definition = json.loads((CLOUD / "jobs" / f"{token}.json").read_text())
    if status != ENDED[kind]:
        return status
    if kind == "bedrock":
        source = definition["inputDataConfig"]["s3InputDataConfig"]["s3Uri"]
        target = place(definition["outputDataConfig"]["s3OutputDataConfig"]["s3Uri"]) / "abc" / "input.jsonl.out"
    else:
        source = definition["inputConfig"]["gcsSource"]["uris"][0]
        target = place(definition["outputConfig"]["gcsDestination"]["outputUriPrefix"]) / "p" / "predictions.jsonl"
    target.parent.mkdir(parents=True, exist_ok=True)
    lines = [json.loads(line) for line in place(source).read_text().splitlines()]
    target.write_text("".join(json.dumps(answered(line)) + "\n" for line in reversed(lines)))
    return status


def answered(line: dict[str, Any]) -> dict[str, Any]:
    request = line.get("modelInput") or line["request"]
    text = request["messages"][0]["content"]
    if text == "wrong":
        if "modelInput" in line:
            return {**line, "error": {"errorCode": 400, "errorMessage": "bad request"}}
        return {
            **line,
            "response": {"type": "error", "error": {"type": "invalid_request_error", "message": "bad request"}},
        }
    return {**line, "modelOutput" if "modelInput" in line else "response": message("claude-haiku-4-5", text)}


def aws(words: list[str]) -> None:
    if words[:2] == ["s3", "cp"]:
        paths = [word for word in words[2:] if not word.startswith("--")]
        copy(paths[0], paths[1], whole="--recursive" in words)
    elif words[1] == "create-model-invocation-job":
        definition = json.loads(Path(words[words.index("--cli-input-json") + 1].removeprefix("file://")).read_text())
        die("before create")
        start(definition["clientRequestToken"], definition)
        die("after create")
        print("arn:aws:bedrock:us-east-1:123456789012:model-invocation-job/" + definition["clientRequestToken"])
    else:
        token = words[words.index("--job-identifier") + 1].rpartition("/")[2]
        if words[1] == "get-model-invocation-job":
            print(finish(token, "bedrock"))
        else:
            (CLOUD / "status").write_text("Stopped")


def curl(words: list[str]) -> None:
    url = next(word for word in words if word.startswith("https://"))
    if url.endswith(":cancel"):
        (CLOUD / "status").write_text("JOB_STATE_CANCELLED")
    elif "--get" in words:
        query = next(word for word in words if word.startswith("filter="))
        token = query.split('"')[1]
        known = (CLOUD / "jobs" / f"{token}.json").exists()
        found = (
            [{"name": f"projects/1/locations/l/batchPredictionJobs/{token}", "state": finish(token, "vertex")}]
            if known
            else []
        )
        print(json.dumps({"batchPredictionJobs": found} if found else {}))
    else:
        definition = json.loads(Path(words[words.index("--data") + 1].removeprefix("@")).read_text())
        die("before create")
        start(definition["displayName"], definition)
        die("after create")
        print("{}")


def gcloud(words: list[str]) -> None:
    if words[:2] == ["auth", "print-access-token"]:
        print("token")
    else:
        paths = [word for word in words[2:] if not word.startswith("--")]
        copy(paths[0], paths[1], whole="--recursive" in words)


if __name__ == "__main__":
    {"aws": aws, "curl": curl, "gcloud": gcloud}[sys.argv[1]](sys.argv[2:])
