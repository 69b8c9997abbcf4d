"""All SQL of the screens, on published snapshots only; each answer is cached by its snapshot.

A query selects, filters, orders and counts rows. Scores and their differences come from the marts:
where a number is missing, the mart gets a column. A module per page; ``shared`` is for all.
"""
