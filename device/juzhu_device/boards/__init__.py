"""What runs on a chip alone: the only modules that import the chip's own."""
