"""Varints and length-delimited fields of the protobuf encoding."""

_SMALL = tuple(bytes((number,)) for number in range(128))


def varint(number: int) -> bytes:
    """A non-negative integer, or a negative one as its 64-bit two's complement, seven bits a byte."""
    if 0 <= number < 128:
        return _SMALL[number]
    number &= 0xFFFF_FFFF_FFFF_FFFF
    out = bytearray()
    while number > 127:
        out.append(number & 127 | 128)
        number >>= 7
    out.append(number)
    return bytes(out)


def length_delimited(tag: bytes, payload: bytes) -> bytes:
    """A field of bytes: its tag, its length, the payload."""
    size = len(payload)
    return b"%b%c%b" % (tag, size, payload) if size < 128 else tag + varint(size) + payload
