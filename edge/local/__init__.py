"""What a person at the gateway does and sees: settings, enrolment, status, doctor."""
