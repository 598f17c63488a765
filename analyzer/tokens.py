"""Token sums in disjoint buckets: every token of a request is in exactly one."""

from __future__ import annotations

from dataclasses import astuple, dataclass, fields

TOKEN_COLUMNS = (
    "uncached_input_tokens",
    "cache_write_5m_tokens",
    "cache_write_1h_tokens",
    "cache_read_tokens",
    "output_tokens",
)


@dataclass(frozen=True)
class TokenSums:
    """Exact integer sums; `output_tokens` holds thinking, `web_searches` is a count of searches."""

    uncached_input_tokens: int = 0
    cache_write_5m_tokens: int = 0
    cache_write_1h_tokens: int = 0
    cache_read_tokens: int = 0
    output_tokens: int = 0
    web_searches: int = 0

    def __add__(self, other: TokenSums) -> TokenSums:
        """Bucket by bucket."""
        return TokenSums(*(a + b for a, b in zip(astuple(self), astuple(other), strict=True)))

    @property
    def input_tokens(self) -> int:
        """All input: uncached, written to and read from the cache."""
        return (
            self.uncached_input_tokens
            + self.cache_write_5m_tokens
            + self.cache_write_1h_tokens
            + self.cache_read_tokens
        )


SUM_COLUMNS = tuple(field.name for field in fields(TokenSums))
