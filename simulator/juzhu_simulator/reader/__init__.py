"""A whole reader without hardware: the real core on virtual ports, on CPython or in the MicroPython VM."""
