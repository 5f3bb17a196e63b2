"""Suppliers: what they may deliver where, and how they are scored from what happened."""
