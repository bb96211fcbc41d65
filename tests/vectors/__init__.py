"""The decision's vectors, and every road on which their verdicts must come out the same."""
