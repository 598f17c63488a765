"""Reading logs into an audit, and telling what became of them; for `analyze`, `demo` and `ingest`."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Unpack

from analyzer.cli._options import HowToRead
from analyzer.cli._progress import Progress
from analyzer.cli._terminal import counted, printable

if TYPE_CHECKING:
    from analyzer.store.audit import Audit
    from analyzer.store.ingest import IngestResult
    from analyzer.store.ledger import FileResult

SHOWN = 5


def read_logs(
    audit: Audit,
    paths: Sequence[str],
    *,
    quiet: bool = False,
    owners: Sequence[str] = (),
    **how: Unpack[HowToRead],
) -> IngestResult:
    """Ingest with a progress line on a terminal, and keep what the user says of `owners`.

    Raises: UserError.
    """
    from analyzer.store.ingest import ingest_paths
    from analyzer.workloads.owners import parse_owner, remember_owners

    answers = [parse_owner(text) for text in owners]
    with Progress(quiet=quiet) as progress:
        result = ingest_paths(audit, paths, progress=progress, **how)
    remember_owners(audit, answers)
    return result


def summary_lines(result: IngestResult) -> Iterator[str]:
    """Totals; then what was not understood, by name, and what was left out by its name, as a number."""
    skipped = set(skipped_files(result))
    strange = [file for file in result.files if not file.source and file not in skipped]
    read = len(result.files) - len(skipped) - len(strange)
    yield (
        f"read {counted(read, 'file')}: {', '.join(_accepted(result))}, "
        f"{counted(result.duplicates, 'duplicate')} dropped, {counted(result.rejected, 'line')} rejected, "
        f"{counted(len(strange), 'file')} not understood"
    )
    reasons = Counter(reason for file in result.files for _, reason in file.rejects)
    shown = reasons.most_common(SHOWN)
    for reason, lines in shown:
        yield f"  {counted(lines, 'line')} rejected: {printable(reason, 200)}"
    if len(reasons) > SHOWN:
        yield f"  and {sum(reasons.values()) - sum(n for _, n in shown):,} for other reasons (the report lists them)"
    for file in strange[:SHOWN]:
        yield f"  {printable(file.path, 0)}: {reason_of(file)}"
    if len(strange) > SHOWN:
        yield f"  and {len(strange) - SHOWN:,} more"
    if skipped:
        yield skipped_line(len(skipped))


def _accepted(result: IngestResult) -> Iterator[str]:
    """Calls, even if there are none; rows of usage reports and lines of invoices where there are some."""
    from analyzer.sources.formats import formats

    rows: Counter[str] = Counter()
    for file in result.files:
        source = formats().get(file.source or "")
        rows[source.into if source else "requests"] += file.accepted
    yield counted(rows["requests"], "call")
    if rows["usage_rollups"]:
        yield f"{counted(rows['usage_rollups'], 'row')} of usage reports"
    if rows["cost_lines"]:
        yield f"{counted(rows['cost_lines'], 'line')} of invoices"


def skipped_files(result: IngestResult) -> tuple[FileResult, ...]:
    """The files that were not opened, because their names are those of pictures, documents or programs."""
    from analyzer.store.ingest import NOT_A_LOG

    return tuple(file for file in result.files if file.remarks and file.remarks[0][0] == NOT_A_LOG)


def skipped_line(number: int) -> str:
    """How many files were left out by their names."""
    return f"{counted(number, 'file')} left out by name (pictures, documents, programs)"


def reason_of(file: FileResult) -> str:
    """Why a file was not understood."""
    return printable(file.remarks[0][0], 200) if file.remarks else "not understood"
