-- The bytes of documents, each encrypted under its own key (infra/documents/), so that it can be forgotten in every backup.
CREATE TABLE {schema}.documents (
    sha256 bytea PRIMARY KEY CHECK (octet_length(sha256) = 32),     -- of the plain bytes
    sealed bytea NOT NULL,
    stored_at timestamptz NOT NULL DEFAULT clock_timestamp()
);
ALTER TABLE {schema}.documents ALTER COLUMN sealed SET STORAGE EXTERNAL;   -- ciphertext does not compress
GRANT SELECT, INSERT ON {schema}.documents TO {role};
