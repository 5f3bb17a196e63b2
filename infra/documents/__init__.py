"""Where the bytes of documents lie: addressed by their SHA-256, encrypted under a key of their own, in a table or in a bucket.

What is decided about documents, and how other nouns attach them, is in `domain/documents.py`.
"""

from infra.documents.blobs import Blobs, TableBlobs, blobs_of
from infra.documents.kept import DocumentGone, Documents

__all__ = ["Blobs", "DocumentGone", "Documents", "TableBlobs", "blobs_of"]
