"""Floor 4: the Mesa model that gives clock, events and cell views."""
