"""Ending programs with SIGKILL while a clip is on its way, and looking what was lost, doubled or claimed."""
