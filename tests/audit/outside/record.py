"""A record's bytes, from the table in src/model/codec.h, and the hash by which rows know it.

`seckill journal dump` masks one thing: the secret of a sale. So the bytes of a SALE cannot be made
again; those of all other records can.
"""

import struct

HASH_KEY = b"seckill record 1"
KINDS = {"SALE": 1, "RESERVE": 2, "PAY": 3, "CANCEL": 4, "TICK": 5}
TIME_END = 2**63 - 1  # what "no end" is; sums of times end there, and do not wrap around
STANDINGS = ("active", "paused", "closed", "retired")
_MASK = 2**64 - 1


def siphash128(key: bytes, message: bytes) -> str:
    """SipHash-2-4 with 128 bits of output, as 32 hex digits: first half, second half."""
    k0, k1 = struct.unpack("<QQ", key)
    v = [k0 ^ 0x736F6D6570736575, k1 ^ 0x646F72616E646F6D ^ 0xEE, k0 ^ 0x6C7967656E657261, k1 ^ 0x7465646279746573]

    def rotated(word: int, by: int) -> int:
        return ((word << by) | (word >> (64 - by))) & _MASK

    def rounds(count: int) -> None:
        for _ in range(count):
            v[0] = (v[0] + v[1]) & _MASK
            v[2] = (v[2] + v[3]) & _MASK
            v[1] = rotated(v[1], 13) ^ v[0]
            v[3] = rotated(v[3], 16) ^ v[2]
            v[0] = rotated(v[0], 32)
            v[2] = (v[2] + v[1]) & _MASK
            v[0] = (v[0] + v[3]) & _MASK
            v[1] = rotated(v[1], 17) ^ v[2]
            v[3] = rotated(v[3], 21) ^ v[0]
            v[2] = rotated(v[2], 32)

    whole = len(message) // 8 * 8
    last = message[whole:].ljust(7, b"\0") + bytes([len(message) & 0xFF])
    for (word,) in struct.iter_unpack("<Q", message[:whole] + last):
        v[3] ^= word
        rounds(2)
        v[0] ^= word
    halves = []
    for at, mark in ((2, 0xEE), (1, 0xDD)):
        v[at] ^= mark
        rounds(4)
        halves.append(v[0] ^ v[1] ^ v[2] ^ v[3])
    return f"{halves[0]:016x}{halves[1]:016x}"


def _text(text: str) -> bytes:
    data = text.encode()
    return bytes([len(data)]) + data


def _id(digits: str) -> bytes:
    return struct.pack("<QQ", int(digits[:16], 16), int(digits[16:], 16))


def encoded(r: dict, secret: bytes | None = None) -> bytes | None:
    """The record's bytes; None for a SALE without its secret."""
    head = struct.pack("<BBQII", 1, KINDS[r["kind"]], int(r["node"], 16), r["slot"], r["generation"])
    if r["kind"] == "SALE":
        if secret is None:
            return None
        ends_at = TIME_END if r["ends_at"] is None else r["ends_at"]
        return (head + struct.pack("<II", r["sale"], r["version"]) + _text(r["name"]) + _text(r["title"]) + secret
                + struct.pack("<IIIIq", r["stock"], r["withdrawn"], r["per_buyer"], r["orders_max"], r["price_minor"])
                + _text(r["currency"])
                + struct.pack("<qqqB", r["starts_at"], ends_at, r["hold_ms"], STANDINGS.index(r["standing"])))
    if r["kind"] == "RESERVE":
        return (head + struct.pack("<I", r["sale"]) + _id(r["order"]) + _text(r["buyer"]) + _text(r["key"])
                + struct.pack("<QIq", int(r["body"], 16), r["quantity"], r["asked_at"]))
    if r["kind"] == "PAY":
        return head + _id(r["order"]) + _text(r["payment"]) + struct.pack("<q", r["amount_minor"])
    if r["kind"] == "CANCEL":
        return head + _id(r["order"])
    return head + struct.pack("<HQQQ", r["rules"], r["at"], int(r["digest"], 16), int(r["nonce"], 16))


def record_hash(r: dict) -> str | None:
    """What rows know a record by: the keyed hash of its bytes and time stamp. None for a SALE."""
    data = encoded(r)
    if data is None:
        return None
    low, high = struct.unpack("<QQ", HASH_KEY)
    return siphash128(struct.pack("<QQ", low, high ^ (r["stamp"] & _MASK)), data)


def is_record(r: dict, data: bytes) -> bool:
    """Are these the record's bytes? A masked secret is taken from the bytes themselves."""
    secret = None
    if r["kind"] == "SALE":
        at = 18 + 8 + len(_text(r["name"])) + len(_text(r["title"]))
        secret = data[at:at + 16]
    return encoded(r, secret) == data
