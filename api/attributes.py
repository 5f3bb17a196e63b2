"""The tenant's own fields on accounts, contacts and deals."""

from fastapi import APIRouter
from pydantic import BaseModel
from starlette.responses import Response

from api.callers import CatalogueReader
from api.moments import PROBLEMS
from api.nouns import Noun
from api.problems import documented
from api.registers import Answer, AtEyed, answered, register_at
from domain.attributes import (
    Attributed,
    AttributeSchema,
    AttributeType,
    ChangeAttribute,
    DefineAttribute,
    RetireAttribute,
    attributes,
    attributes_id,
)
from domain.kernel import AlreadyExists, NotFound
from infra.access import Action


class FieldView(BaseModel):
    """One field, and what may stand in it."""

    key: str
    label: str
    type: AttributeType
    options: list[str]
    required: bool
    retired: bool


class FieldsView(BaseModel):
    """All fields of one noun."""

    fields: list[FieldView]


def _show(schema: AttributeSchema) -> FieldsView:
    fields = [
        FieldView(key=key, label=d.label, type=d.type, options=list(d.options), required=d.required, retired=d.retired)
        for key, d in schema.fields.items()
    ]
    return FieldsView(fields=fields)


noun = Noun("attributes", "attributes", attributes)
router: APIRouter = noun.router


@router.get("/{noun_name}", response_model=Answer[FieldsView], operation_id="read_attributes", responses=documented(NotFound, *PROBLEMS))
async def read_attributes(noun_name: Attributed, caller: CatalogueReader, moment: AtEyed) -> Response:
    """The fields of accounts, contacts or deals, now or as they were."""
    stood = await register_at(caller, noun, attributes_id(noun_name), Action.CATALOGUE_READ, moment)
    return answered(_show(stood.state), stood)


for each in Attributed:
    stream = attributes_id(each)
    noun.changes(
        f"/{each}/define",
        DefineAttribute,
        Action.CATALOGUE_CHANGE,
        operation=f"define_{each}_attribute",
        summary=f"Add a field to every {each}",
        example={"noun": each.value, "key": "renewal_risk", "label": "Renewal risk", "type": "choice", "options": ["low", "high"]},
        raises=(AlreadyExists,),
        stream=stream,
    )
    noun.changes(
        f"/{each}/change",
        ChangeAttribute,
        Action.CATALOGUE_CHANGE,
        operation=f"change_{each}_attribute",
        summary=f"Change a field of every {each}",
        example={"key": "renewal_risk", "label": "Risk at renewal", "options": ["low", "medium", "high"]},
        stream=stream,
    )
    noun.changes(
        f"/{each}/retire",
        RetireAttribute,
        Action.CATALOGUE_CHANGE,
        operation=f"retire_{each}_attribute",
        summary=f"Take a field of every {each} out of use",
        example={"key": "renewal_risk"},
        stream=stream,
    )
