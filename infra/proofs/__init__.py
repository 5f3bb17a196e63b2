"""Proving the log: its Merkle tree, kept as tiles beside the database, and the checkpoints that are signed over it."""
