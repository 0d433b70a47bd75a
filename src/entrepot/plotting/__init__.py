"""Draws metric widgets. A program of its own (`python -m entrepot.plotting`): JSON on standard input, a PNG on standard
output. It is run for one picture, within limits of time and memory, so that no server loads what draws.
"""
