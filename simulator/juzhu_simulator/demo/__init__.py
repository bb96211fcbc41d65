"""The demo: the whole chain as separate processes, and the cards that are tapped on it."""
