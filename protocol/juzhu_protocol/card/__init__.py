"""The card: its APDUs and the conversation that a point of service has with it."""
