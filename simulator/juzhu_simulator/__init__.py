"""Virtual cards, readers, population and scenarios: a stand-in for every piece of hardware."""
