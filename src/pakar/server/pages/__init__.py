"""The pages: HTML for people. Each page has a file with a router; `site.py` puts them together."""
