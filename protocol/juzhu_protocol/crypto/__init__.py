"""Portable cryptography: P-256 verification by comb tables, HMAC-SHA256, constant-time comparison."""
