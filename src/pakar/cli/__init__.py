"""The command line: parses, calls one method of `Expert`, and shows the result."""
