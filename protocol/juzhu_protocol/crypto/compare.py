"""Comparison of secrets."""


def equal(a: bytes, b: bytes) -> bool:
    """Whether a and b are the same, in a time that depends on their lengths alone, which are public."""
    if len(a) != len(b):
        return False
    difference = 0
    for i in range(len(a)):
        difference |= a[i] ^ b[i]
    return difference == 0
