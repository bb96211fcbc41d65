"""Host only: construct descriptions of every record (the single source), their vectors and the generator."""
