"""What the operator of a server needs: health, metrics, logs."""
