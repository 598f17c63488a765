"""Claude Code sessions of Larkfield's developers, one row per content block, so with duplicates."""

from __future__ import annotations

import json
from collections.abc import Iterator
from random import Random
from uuid import UUID

from company import OPUS_55, SONNET_55
from encode import rfc3339
from rhythms import OFFICE_HOURS, human_times

PROJECTS = ("storefront", "warehouse", "catalogue-tools")
Row = dict[str, object]


class Session:
    """Writes one session; `now` moves on, the context grows in the cache."""

    def __init__(self, rng: Random, start: float, project: str, agent: str | None = None, parent: str | None = None):
        self.rng, self.now, self.project, self.agent = rng, start, project, agent
        self.id = parent or self.uuid()
        self.model = OPUS_55 if rng.random() < 0.6 else SONNET_55
        self.rows: list[Row] = []
        self.cached, self.parent = 0, None
        self.last_call = -1e9

    def uuid(self) -> str:
        """A random id from the seed."""
        return str(UUID(int=self.rng.getrandbits(128), version=4))

    def add(self, kind: str, message: Row, **more: object) -> None:
        """One row."""
        row: Row = {
            "parentUuid": self.parent,
            "isSidechain": self.agent is not None,
            "userType": "external",
            "cwd": f"/code/{self.project}",
            "sessionId": self.id,
            "version": "2.1.44",
            "gitBranch": "main",
            "type": kind,
            "message": message,
            "uuid": self.uuid(),
            "timestamp": rfc3339(self.now),
            **more,
        }
        if self.agent is not None:
            row["agentId"] = self.agent
        self.parent = row["uuid"]  # type: ignore[assignment]
        self.rows.append(row)

    def ask(self, text: str) -> None:
        """A developer types."""
        self.add("user", {"role": "user", "content": text})

    def tool_result(self, tool: str) -> None:
        """What a tool gave back, a moment later."""
        self.now += self.rng.triangular(0.2, 6, 0.8)
        result = {"type": "tool_result", "tool_use_id": tool, "content": "done"}
        self.add("user", {"role": "user", "content": [result]})

    def answer(self, tool: bool) -> str:
        """One call, written once per content block; only the last row has the true output count."""
        rng = self.rng
        written = 21_000 if self.cached == 0 else rng.randint(600, 6_500)
        read = self.cached if self.now - self.last_call <= 300 else 0
        written += self.cached - read
        self.last_call = self.now
        output = round(rng.triangular(120, 2_600, 500))
        message_id, request = f"msg_{rng.getrandbits(64):016x}", f"req_{rng.getrandbits(64):016x}"
        use = f"toolu_{rng.getrandbits(48):012x}"
        blocks: list[Row] = [{"type": "text", "text": "I will look at that."}]
        if rng.random() < 0.4:
            blocks.insert(0, {"type": "thinking", "thinking": "", "signature": ""})
        if tool:
            blocks.append({"type": "tool_use", "id": use, "name": "Read", "input": {}})
        self.now += rng.triangular(2, 8, 3)
        for number, block in enumerate(blocks, 1):
            self.now += output / 70 / len(blocks)
            last = number == len(blocks)
            usage: Row = {
                "input_tokens": 3 + len(blocks),
                "cache_creation_input_tokens": written,
                "cache_read_input_tokens": read,
                "cache_creation": {"ephemeral_5m_input_tokens": written, "ephemeral_1h_input_tokens": 0},
                "output_tokens": output if last else number,
                "service_tier": "standard",
            }
            stop = ("tool_use" if tool else "end_turn") if last else None
            message: Row = {"id": message_id, "type": "message", "role": "assistant", "model": self.model}
            message.update(content=[block], stop_reason=stop, usage=usage)
            self.add("assistant", message, requestId=request)
        self.cached = read + written
        return use

    def turn(self, calls: int) -> None:
        """A question, then calls until the last needs no tool."""
        for number in range(calls):
            tool = self.answer(tool=number < calls - 1)
            if number < calls - 1:
                self.tool_result(tool)

    def local_error(self) -> None:
        """A row that no model wrote: it costs nothing."""
        usage = {"input_tokens": 0, "output_tokens": 0}
        content = [{"type": "text", "text": "API Error: 529 overloaded"}]
        message: Row = {"id": self.uuid(), "type": "message", "role": "assistant", "model": "<synthetic>"}
        self.add("assistant", {**message, "content": content, "usage": usage}, isApiErrorMessage=True)

    def text(self) -> str:
        """The file."""
        return "".join(json.dumps(row, separators=(",", ":")) + "\n" for row in self.rows)


def sessions(rng: Random, scale: float) -> Iterator[tuple[str, str]]:
    """(path below claude_code/, text) of each session file."""
    count = max(3, round(40 * scale))
    for number, start in enumerate(human_times(rng, count, OFFICE_HOURS, 0.05)):
        session = Session(rng, start, PROJECTS[number % len(PROJECTS)])
        folder = f"code-{session.project}"
        for turn in range(rng.randint(2, 8)):
            session.ask("Please fix the failing test." if turn % 2 == 0 else "Now simplify it.")
            session.turn(rng.randint(2, 14))
            if number == 1 and turn == 1:
                session.local_error()
            session.now += rng.lognormvariate(4.8, 0.8)
        name = f"{folder}/{session.id}"
        yield f"{name}.jsonl.gz", session.text()
        if number % 8 == 2:
            agent = f"{rng.getrandbits(28):07x}"
            helper = Session(rng, start + 40, session.project, agent=agent, parent=session.id)
            helper.ask("Find where the price is formatted.")
            helper.turn(rng.randint(4, 9))
            yield f"{name}/subagents/agent-{agent}.jsonl.gz", helper.text()
        if number == 0:
            yield f"{folder}/{session.uuid()}.jsonl", resumed(session, session.uuid())


def resumed(session: Session, new_id: str) -> str:
    """A session taken up again under a new id: its file repeats the history, then is cut off."""
    head = [{**row, "sessionId": new_id} for row in session.rows[:40]]
    text = "".join(json.dumps(row, separators=(",", ":")) + "\n" for row in head)
    return text + json.dumps(session.rows[40], separators=(",", ":"))[:200]
