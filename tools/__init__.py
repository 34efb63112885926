"""The real programs that Tillwatch runs and is tested against: which, where they are, how they get here."""
