"""SM3 on both runtimes, with the compression that it has and with one that is handed in."""

from juzhu_protocol.crypto.sm3 import BLOCK_SIZE, compress, sm3

# GB/T 32905-2016, appendix A.
EXAMPLES = (
    (b"abc", "66c7f0f462eeedd9d1f2d46bdc10e4e24167c4875cf2f7a2297da02b8f4ba8e0"),
    (b"abcd" * 16, "debe9ff92275b8a138604889c18e5a4d6fdb70e5387e5765293dcba39c0c5732"),
)
# OpenSSL's digests of bytes 0, 1, 2, ...: around where the padding needs another block.
LENGTHS = (
    (0, "1ab21d8355cfa17f8e61194831e81a8f22bec8c728fefb747ed035eb5082aa2b"),
    (1, "2daef60e7a0b8f5e024c81cd2ab3109f2b4f155cf83adeb2ae5532f74a157fdf"),
    (54, "1bb1b592239447b5de0395d94159996ea7cc4fcc7b9f66ccc5f0cfdc89586782"),
    (55, "a79cf9dcee3404abf7f769698201647fd9d3ff61d629d0f58bb4b5579a427db8"),
    (56, "62f7363b15f4de76dd925c493b9d6d00d4ba0ef2a1f334c1d0f13b293aeb40d1"),
    (57, "441f67cc31781dd2986fc612b92dfade871d81357f2487f5c86d94a8c6778d82"),
    (63, "6165e4cbb15cde01c6226e0015a47f710f8f8e1f2c296700033bb34d9212109c"),
    (64, "93566f236d157aae078d1ddb5cebdbba1520b5142e22a8915564345ba2ae1d63"),
    (65, "c886e6814be748285a10b28ae62ddacd85db830cd2cf3a2bfa2f729c15f63618"),
    (119, "8f3ea392a89a7119982d6634660db1a95f35d68267a2235e3255998a857f4fbf"),
    (120, "6babee35e6a1515af9d6255109c24f3c08897829422c6225d235fd4c8527e9ec"),
    (128, "a9e7985473ca09df1510d83b572f72375430756c4a661b00724afeb8b75dd0a5"),
    (1000, "e1043d6f7910a57e49c10eb042760c060d07ea26866cb067cc5eecb42f9056a3"),
)


def test_the_standards_examples():
    for data, digest in EXAMPLES:
        assert sm3(data).hex() == digest


def test_lengths_around_a_block_are_padded_as_openssl_pads_them():
    for length, digest in LENGTHS:
        assert sm3(bytes([i & 0xFF for i in range(length)])).hex() == digest, length


def test_compression_handed_in_is_the_one_that_is_used():
    taken = []

    def counting(state, blocks):
        assert len(state) == 8
        taken.append(len(blocks))
        compress(state, blocks)

    for length in (0, 55, 56, 64, 119, 120, 200):
        taken.clear()
        data = bytes(range(length))
        assert sm3(data, counting) == sm3(data)
        assert sum(taken) == (length + 9 + BLOCK_SIZE - 1) // BLOCK_SIZE * BLOCK_SIZE

    def broken(state, blocks):
        compress(state, blocks)
        state[7] ^= 1

    assert sm3(b"abc", broken) != sm3(b"abc")


def test_every_bit_of_a_block_counts():
    digests = set()
    for bit in range(0, 512, 7):
        data = bytearray(64)
        data[bit >> 3] ^= 1 << (bit & 7)
        digests.add(sm3(bytes(data)))
    assert len(digests) == 74
