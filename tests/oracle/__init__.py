"""The slow oracle of the decision and the shared vectors that it makes."""
