"""Alerts: from what the marts say is the case to a row with an owner, a state and an end."""
