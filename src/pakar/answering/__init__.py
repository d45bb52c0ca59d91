"""From passages to an answer whose every sentence leads to its source."""
