"""What hosts need beside the portable code, and no more: nothing in here can sign."""
