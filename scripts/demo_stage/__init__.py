"""Putting the programs on stage: start them, watch them through their HTTP API, hold them to the truth."""
