"""The reference authority: it issues, endorses, suspends and replaces permits, signs, and keeps its books.

For the host alone. Nothing here reads a clock: whoever calls passes the time.
"""
