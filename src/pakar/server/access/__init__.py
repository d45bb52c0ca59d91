"""Who a visitor is, and what they may read."""
