"""A decoder of the list container, written from docs/list-container.md alone and slow on purpose: bits are text."""

HOSTS = (0x00, 0x11, 0x12, 0x14, 0x15, 0x16, 0x21, 0x22, 0x23)
READERS = (0x00, 0x01, 0x02)


def number(data):
    return int.from_bytes(data, "big")


def codes_of(packed, statuses):
    """{bits as text: status}."""
    halves = [int(digit, 16) for digit in packed.hex()]
    assert not any(halves[len(statuses) :])
    ordered = sorted((half - 1, at) for at, half in enumerate(halves) if half)
    codes, code, before = {}, -1, 0
    for length, at in ordered:
        code = (code + 1) << (length - before)
        before = length
        codes[f"{code:b}".zfill(length) if length else ""] = statuses[at]
    assert not ordered or code + 1 == 1 << before, "the codes are not complete"
    return codes


def block_entries(bits, codes):
    """[(place, status)] of one block."""
    k, at, place, found = int(bits[:4], 2) if bits else 0, 4, -1, []
    while "0" in bits[at:]:
        zero = bits.index("0", at)
        rest = bits[zero + 1 : zero + 1 + k]
        assert len(rest) == k
        place += 1 + ((zero - at) << k) + (int(rest, 2) if rest else 0)
        at = zero + 1 + k
        code = next(code for code in codes if bits.startswith(code, at) and len(bits) >= at + len(code))
        at += len(code)
        found.append((place, codes[code]))
    return found


def decode(data):
    """(head, {serial: status}) of a whole container."""
    overlay = {0x22: False, 0x23: True}[data[0]]
    assert data[1] == 1
    head = {
        "overlay": overlay,
        "view": data[2],
        "division": number(data[3:6]),
        "highest": number(data[6:10]),
        "base_id": data[20:28] if overlay else b"",
    }
    entries, b = number(data[10:14]), data[14]
    codes = codes_of(data[15:20], {1: HOSTS, 2: READERS}[data[2]])
    blocks = -(-head["highest"] // 2**b)
    index = 28 if overlay else 20
    bits = "".join(f"{byte:08b}" for byte in data)
    at = 8 * (index + 4 * -(-blocks // 32) + blocks)
    found = {}
    for block in range(blocks):
        group = index + 36 * (block // 32)
        first, s = divmod(number(data[group : group + 4]), 8)
        assert block % 32 or first == at
        size = data[group + 4 + block % 32] * 2**s
        for place, status in block_entries(bits[at : at + size], codes):
            assert place < 2**b
            found[block * 2**b + 1 + place] = status
        at += size
    assert len(found) == entries
    assert bits[at:] == "1" * (-at % 8)
    assert not found or max(found) <= head["highest"]
    return head, found


def decode_both(base, overlay):
    """{serial: status} of base and overlay together."""
    now = {**decode(base)[1], **decode(overlay)[1]}
    return {serial: status for serial, status in now.items() if status}
