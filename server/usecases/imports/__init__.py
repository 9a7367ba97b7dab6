"""Registers from CSV files: columns as data, reading, values, rows."""
