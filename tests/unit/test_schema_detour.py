"""People who reach the items over nodes of another kind."""

from __future__ import annotations

import pytest

from kg_rec.graph.profile import GraphProfile, RelationProfile
from kg_rec.schema_detour import Detour, detour_in

SHOP = [
    ("Customer", "PURCHASED", "Order", 10),
    ("Order", "ORDERS", "Product", 30),
    ("Product", "PART_OF", "Category", 9),
]


def found(*relations: tuple[str, str, str, int], item: str = "Product") -> Detour | None:
    return detour_in(GraphProfile("here", {}, [RelationProfile(*kind) for kind in relations]), item)


def test_customers_reach_products_over_orders() -> None:
    assert found(*SHOP) == Detour("Customer", "PURCHASED", "Order", "ORDERS", "Product")


@pytest.mark.parametrize(
    "relations",
    [
        [*SHOP, ("Customer", "RATED", "Product", 1)],  # they reach them at once
        [("Supplier", "SHIPS", "Order", 10), SHOP[1]],  # not called as people are
        [("Order", "OF", "Customer", 10), SHOP[1]],  # the other way round
        [("Customer", "KNOWS", "Customer", 10), SHOP[1]],
        [("Customer", "LIKES", "Category", 10), SHOP[2]],  # what they like is not a way to the products
        [],
    ],
)
def test_what_is_no_detour(relations: list[tuple[str, str, str, int]]) -> None:
    assert found(*relations) is None


def test_of_several_ways_the_one_with_most_relations_is_told() -> None:
    way = found(*SHOP, ("Customer", "KEEPS", "Basket", 20), ("Basket", "HOLDS", "Product", 25))
    assert way is not None and way.between == "Basket"


def test_names_of_any_kind_are_written_so_that_neo4j_browser_reads_them() -> None:
    way = Detour("顾客", 'is "in"', "It's\\an `Order`", "A/B", "产品")
    assert way.parameters() == (
        r""":param {user: "顾客", first: "is \"in\"", between: "It's\\an `Order`", second: "A/B", item: "产品", """
        r"""type: "INTERACTED_WITH"}"""
    )
