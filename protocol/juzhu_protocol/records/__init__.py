"""Generated parsers and builders of every record, and the helpers that they share."""
