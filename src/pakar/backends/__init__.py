"""Implementations of the ports, one library a file. Nothing here is imported before it is used."""
