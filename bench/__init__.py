"""Measures what the issues give figures for: ``script/bench [NAME…]`` prints one JSON line per figure.

Ratios are against a bare Flask application on the same server with the same threads in the same run, A B A B, the
median of at least five pairs; servers run on one core, the load on another.
"""
