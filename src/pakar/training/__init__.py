"""From examples to an adapter: what is learned, from what, and what it costs."""
