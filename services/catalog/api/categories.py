"""`/api/v1/categories`: the parts of the shop."""

from apiflask import APIBlueprint
from flask import Response

from services.catalog.api.answers import conditional
from services.catalog.api.bodies import CategoryBody, CategoryList
from services.catalog.domain.ports import CategoryRepository
from services.shared.auth import public


def category_pages(repository: CategoryRepository) -> APIBlueprint:
    """The category routes over *repository*."""
    blueprint = APIBlueprint("categories", __name__, url_prefix="/api/v1/categories", tag="Categories")

    @blueprint.get("")
    @public
    @blueprint.output(CategoryList)
    @blueprint.doc(operation_id="list_categories", responses={304: "Unchanged since the ETag in If-None-Match"})
    def list_categories() -> Response:
        """List categories"""
        return conditional(CategoryList(items=[CategoryBody.of(each) for each in repository.categories()]))

    return blueprint
