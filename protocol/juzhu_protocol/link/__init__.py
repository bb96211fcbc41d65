"""The link between reader and host: COBS frames with CRC-32, request and response, no I/O.

`LinkMachine` (machine.py) is the whole of it for a caller; both ends run the same class.
"""
