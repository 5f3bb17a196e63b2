"""One tenant, whole, in a folder of files: taken out of one Concord and brought into another with the same positions and proofs."""
