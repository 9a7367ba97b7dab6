"""What gateway and server say to each other. Pure: no input or output, no clock, no signing key."""
