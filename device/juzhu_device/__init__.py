"""The reader: events in, actions out, on MicroPython and on CPython."""
