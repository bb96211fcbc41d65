"""What all sides of Juzhu agree on: records, cards, trust, lists, rules and the link."""
