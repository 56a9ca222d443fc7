"""Text of headers and metadata."""


def text(value: str | bytes) -> str:
    """A header's value as text. Bytes that are not UTF-8 become lone surrogates, which logic refuses by name."""
    return value if isinstance(value, str) else value.decode(errors="surrogateescape")
