"""Where a person's data lie, and how they are removed from what is beside the log."""
