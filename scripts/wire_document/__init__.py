"""Writes asyncapi.yaml: the wire as a document from which a gateway can be written in another language."""
