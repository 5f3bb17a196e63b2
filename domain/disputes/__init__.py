"""Disputes: claims about lines of documents, from the first word to the settled cent; with a supplier, or a customer's with us."""
