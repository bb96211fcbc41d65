"""Whom a reader believes: the bundle's keys, their limits, and the checks of manifests and cards."""
