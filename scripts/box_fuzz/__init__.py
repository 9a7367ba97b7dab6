"""Mutated files for the reader of boxes, index and NAL units: none may crash it, hang it or fill the memory."""
