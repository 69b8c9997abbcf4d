"""The board paper: what the screens say, on sheets of A4, as one file without any address to fetch from.

``portfolio`` and ``client`` say what is on it, ``sheet`` how it is set; ``dashboards.report`` writes it.
"""
