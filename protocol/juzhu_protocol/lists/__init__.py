"""Status lists: which serials of a division are suspended or revoked."""
