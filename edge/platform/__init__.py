"""What any process here needs and that knows nothing of the field."""
