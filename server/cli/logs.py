"""Logs go to standard error as JSON lines, so that standard output holds nothing but what was asked for."""

from __future__ import annotations

import logging
import sys

import structlog


def configure_logging() -> None:
    """For the whole process. No secrets and no names of persons are ever passed to a logger."""
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            structlog.processors.JSONRenderer(ensure_ascii=False),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=True,
    )
