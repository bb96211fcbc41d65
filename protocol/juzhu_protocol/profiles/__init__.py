"""Profiles of places: one TOML file a jurisdiction, every value with its source. Host only."""
