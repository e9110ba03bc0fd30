"""Draws the charts of a fanin run. Reads the run and measures nothing."""
