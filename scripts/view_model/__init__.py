"""Making the network that says whether a camera is really seeing: sources, optics, generator, training, evaluation."""
