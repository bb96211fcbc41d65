"""The measures as rules: the calendar, the profile of a place, the reasons and the decision."""
