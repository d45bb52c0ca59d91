"""Tables: files and databases into rows that say their columns, with the place of every cell."""
