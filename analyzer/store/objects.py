"""Logs in an object store: `s3://bucket/prefix` on S3 or whatever speaks its language, read a part at a time.

Credentials, region, profile and endpoint come from where every tool of AWS takes them: environment, shared files,
single sign-on, roles.
"""

from __future__ import annotations

import hashlib
import os
import tempfile
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager, suppress
from functools import cache
from typing import Any

from analyzer.errors import UserError
from analyzer.store.feed import Chunk, Limits
from analyzer.store.openings import Opening, open_blocks
from analyzer.store.streams import PARQUET

PART_BYTES = 8 << 20
_AHEAD, _THREADS = 16, 8
_TRIES = 3
_REASONS = {
    "NoSuchBucket": ("no such bucket", "check the name and the endpoint"),
    "NoSuchKey": ("no such object", "check the key"),
    "AccessDenied": ("access denied", "the credentials need s3:ListBucket and s3:GetObject on it"),
    "InvalidAccessKeyId": ("an access key that the store does not know", "check the credentials"),
    "SignatureDoesNotMatch": ("a secret key that does not fit the access key", "check the credentials"),
    "ExpiredToken": ("credentials that have expired", "sign in again"),
    "PreconditionFailed": ("an object that changed while it was read", "run it again"),
}


def objects_under(url: str) -> Iterator[str]:
    """URLs of the objects whose keys begin with the prefix, in order of key; the one with that very key alone.

    Raises: UserError when there is none, or it may not be listed.
    """
    bucket, prefix = _parts_of(url)
    is_empty = True
    with _problems_told(url):
        for page in _client().get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix):
            for entry in page.get("Contents", ()):
                key = entry["Key"]
                if key.endswith("/") or any(name.startswith(".") for name in key.split("/")):
                    continue
                is_empty = False
                yield f"s3://{bucket}/{key}"
                if key == prefix:
                    return
    if is_empty:
        raise UserError(url, "no object begins with this", "a bucket and prefix that hold logs", "check the prefix")


_Part = tuple[bytes, int, str | None]


class FirstParts:
    """The first parts of objects, fetched ahead by a few threads in the order in which they will be asked for.

    A folder of a gateway is thousands of small objects: one after the other they would cost a round trip each.
    """

    def __init__(self, urls: Iterable[str]) -> None:
        self._coming = iter(urls)
        self._fetched: dict[str, Future[_Part]] = {}
        self._pool = ThreadPoolExecutor(_THREADS, "objects")

    def take(self, url: str) -> _Part:
        """The first bytes, the size of all, and the mark of this version; errors as the client raises them."""
        while len(self._fetched) < _AHEAD and (coming := next(self._coming, None)) is not None:
            self._fetched[coming] = self._pool.submit(_part, coming, 0, None)
        future = self._fetched.pop(url, None)
        return future.result() if future else _part(url, 0, None)

    def close(self) -> None:
        """Fetch no more."""
        self._pool.shutdown(cancel_futures=True)


def open_object(url: str, limits: Limits, first_parts: FirstParts) -> Opening:
    """One object: a small one held in memory, a large one streamed, Parquet through a file that is gone afterwards.

    Raises: UserError when it cannot be read.
    """
    with _problems_told(url):
        head, size, etag = first_parts.take(url)
    blocks = _blocks(url, head, size, etag)
    if head.startswith(PARQUET):
        opening = Opening(url)
        opening.chunks = _parquet_chunks(opening, blocks)
        return opening
    if size <= len(head):
        return open_blocks(Opening(url, digest=hashlib.sha256(head).hexdigest(), size=size), blocks, limits)
    return open_blocks(Opening(url), blocks, limits)


def _blocks(url: str, head: bytes, size: int, etag: str | None) -> Iterator[bytes]:
    if head:
        yield head
    with _problems_told(url):
        for start in range(len(head), size, PART_BYTES):
            yield _part(url, start, etag)[0]


def _part(url: str, start: int, etag: str | None) -> _Part:
    """Some bytes from `start` on, the size of the answer, and the mark of this version.

    A part is read whole, so that no connection stays open while the records are worked on.
    """
    from botocore.exceptions import BotoCoreError

    bucket, key = _parts_of(url)
    extent = {"Range": f"bytes={start}-{start + PART_BYTES - 1}"} if start else {}
    version = {"IfMatch": etag} if etag else {}
    for _ in range(_TRIES):
        answer = _client().get_object(Bucket=bucket, Key=key, **extent, **version)
        if start and "ContentRange" not in answer:
            raise UserError(url, "a store that gives no parts of an object", "S3's byte ranges", "copy the object here")
        with answer["Body"] as body, suppress(BotoCoreError):
            data = body.read(PART_BYTES)
            if len(data) == min(PART_BYTES, answer["ContentLength"]):  # a connection that ends early raises nothing
                return data, answer["ContentLength"], answer.get("ETag")
    raise UserError(url, f"an answer that broke off {_TRIES} times", "the whole object", "run it again")


def _parquet_chunks(opening: Opening, blocks: Iterator[bytes]) -> Iterator[Chunk]:
    from analyzer.store.parquet import parquet_chunks

    digest = hashlib.sha256()
    with tempfile.NamedTemporaryFile(prefix="whowaits-", suffix=".parquet") as file:
        for block in blocks:
            digest.update(block)
            opening.bytes_read += len(block)
            file.write(block)
        file.flush()
        opening.digest, opening.size = digest.hexdigest(), opening.bytes_read
        yield from parquet_chunks(file.name)


def _parts_of(url: str) -> tuple[str, str]:
    bucket, _, key = url.split("://", 1)[1].partition("/")
    if not bucket:
        raise UserError(url, "no bucket", "s3://bucket/prefix")
    return bucket, key


def _client() -> Any:
    return _client_at(os.environ.get("AWS_ENDPOINT_URL_S3") or os.environ.get("AWS_ENDPOINT_URL"))


@cache
def _client_at(endpoint: str | None) -> Any:
    """One client an endpoint; a store that is not Amazon's is asked for bucket and key in the path."""
    try:
        from boto3.session import Session
        from botocore.config import Config
    except ImportError:
        raise UserError(
            "s3://", "boto3 is not installed", "the extra for object stores", "pip install 'whowaits[s3]'"
        ) from None
    patience = Config(
        connect_timeout=10,
        read_timeout=60,
        max_pool_connections=_AHEAD,
        retries={"max_attempts": 5, "mode": "standard"},
    )
    session = Session()
    client = session.client("s3", endpoint_url=endpoint, config=patience)
    if ".amazonaws.com" in client.meta.endpoint_url:
        return client
    return session.client("s3", endpoint_url=endpoint, config=patience.merge(Config(s3={"addressing_style": "path"})))


@contextmanager
def _problems_told(url: str) -> Iterator[None]:
    """Errors of the store and of the way to it in one line; nothing of the credentials is in it."""
    try:
        from botocore.exceptions import (
            BotoCoreError,
            ClientError,
            CredentialRetrievalError,
            NoCredentialsError,
            PartialCredentialsError,
        )
    except ImportError:
        _client()
        raise
    try:
        yield
    except ClientError as error:
        code = str(error.response.get("Error", {}).get("Code", ""))
        status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", "")
        code = {"403": "AccessDenied", "404": "NoSuchKey", "412": "PreconditionFailed"}.get(code, code)
        found, todo = _REASONS.get(code, (f"the store refused: {code or status}", "check bucket, endpoint and region"))
        raise UserError(url, found, "objects that may be read", todo) from None
    except (NoCredentialsError, PartialCredentialsError, CredentialRetrievalError):
        raise UserError(
            url, "no credentials", "those of the environment, a profile or a role", "set AWS_PROFILE or sign in"
        ) from None
    except BotoCoreError as error:
        name = type(error).__name__
        raise UserError(
            url,
            f"no answer from the store ({name})",
            "a store that answers",
            "check network, region and AWS_ENDPOINT_URL",
        ) from None
