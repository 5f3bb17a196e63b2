"""What the routes of proofs are asked, and what they answer."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, model_validator

from projections.as_of import Basis

_MOST = 10**18


class CheckpointView(BaseModel):
    """A signed checkpoint. `root` is base64; `checkpoint` is the signed note as it was published."""

    origin: str
    size: int
    root: str
    checkpoint: str


class InclusionView(BaseModel):
    """The proof that an event is in the tree of a checkpoint. `envelope` and hashes are base64."""

    position: int
    leaf_index: int
    envelope: str = Field(description="What the leaf hashes: the event as stored.")
    leaf_hash: str
    size: int
    root: str
    proof: list[str]
    checkpoint: str


class ConsistencyView(BaseModel):
    """The proof that a tree begins with an earlier tree. Hashes are base64.

    `checkpoint` signs the tree of `signed_size`: that of `to` where a checkpoint was published at it, else the last one.
    `signed_proof` proves that it begins with the tree of `to`; empty where they are the same.
    """

    model_config = ConfigDict(populate_by_name=True)
    from_: int = Field(alias="from")
    to: int
    from_root: str
    to_root: str
    proof: list[str]
    signed_size: int
    signed_proof: list[str]
    checkpoint: str


class KeyView(BaseModel):
    """A key that signs or signed checkpoints."""

    vkey: str = Field(description="name+id+base64(0x01 ‖ public key), as c2sp.org/signed-note has it.")
    added_position: int
    added_at: datetime
    signs_until: datetime | None


class KeysView(BaseModel):
    """Every key there was by the moment, oldest first; `signs_until` as it was known then."""

    items: list[KeyView]
    as_of: int | None
    basis: Basis


class ProofsStatus(BaseModel):
    """`signed`: the size of the last checkpoint; `head`: the log's last position; `parked_at`: the event that contradicts what was signed."""

    signed: int
    head: int
    unsigned_seconds: float = Field(json_schema_extra={"type": "number"})
    parked_at: int | None
    cause: str | None


Size = Annotated[int | None, Field(ge=1, le=_MOST, description="Of the checkpoint at this size; left away: of the last one.")]


class CheckpointAsked(BaseModel):
    model_config = ConfigDict(extra="forbid")
    size: Size = None


class InclusionAsked(CheckpointAsked):
    """Which event: its position, or the id of what it happened to and its version there."""

    position: Annotated[int | None, Field(ge=1, le=_MOST)] = None
    id: UUID | None = None
    version: Annotated[int | None, Field(ge=1, le=_MOST)] = None

    @model_validator(mode="after")
    def _one_way(self) -> "InclusionAsked":
        if (self.position is None) == (self.id is None) or (self.id is None) != (self.version is None):
            raise ValueError("name the event by its position, or by id and version")
        return self


class ConsistencyAsked(BaseModel):
    """From which size to which, each a number of events; `to` left away: to the last checkpoint."""

    model_config = ConfigDict(extra="forbid", populate_by_name=True)
    from_: Annotated[int, Field(alias="from", ge=1, le=_MOST, examples=[1])]
    to: Annotated[int | None, Field(ge=1, le=_MOST)] = None
