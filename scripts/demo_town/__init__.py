"""A small town that never was: its recorders, monitors, duties and faults, invented from a seed and filmed."""
