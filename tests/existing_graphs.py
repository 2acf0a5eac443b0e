"""Graphs as people have them in Neo4j before they know of kg-rec: no key, no :KGEntity, ids or none, as it happened."""

from __future__ import annotations

from typing import LiteralString

FILMS: list[LiteralString] = [
    # People act, direct and review; a few are called by two labels.
    """
    UNWIND [
      ['The Long Orbit', 1999, 'Nothing is what it seems, not even the moon.', ['space', 'isolation']],
      ['Harbour Lights', 1998, 'A lawyer defends two sailors, and loses himself.', ['trial', 'sea']],
      ['Second Orbit', 2003, 'Back to the station, where nobody answers.', ['space', 'sequel']],
      ['The Baker of Trieste', 2010, 'Bread, rain, and a letter that came too late.', ['food', 'letters']],
      ['Letters to a Lighthouse', 2007, 'She writes every day to somebody who may not be there.', ['sea', 'letters']],
      ['Court of Crows', 2012, 'A judge finds feathers on her desk.', ['trial', 'birds']],
      ['Night Market', 2015, 'One night, nine stalls, a stolen recipe.', ['food', 'theft']],
      ['The Quiet Heist', 2001, 'Four thieves who may not say a word.', ['theft', 'isolation']]
    ] AS row
    CREATE (movie:Movie {title: row[0], released: row[1], tagline: row[2]})
    FOREACH (name IN row[3] | MERGE (theme:Theme {name: name}) CREATE (movie)-[:HAS_THEME]->(theme))
    """,
    """
    UNWIND [
      ['Ada Brandt', 1964, ['The Long Orbit', 'Second Orbit']],
      ['Bo Lindqvist', 1967, ['The Long Orbit', 'The Quiet Heist']],
      ['Cleo Marsh', 1970, ['Harbour Lights', 'Court of Crows']],
      ['Dario Conti', 1955, ['The Baker of Trieste', 'Night Market']],
      ['Esi Boateng', 1981, ['Letters to a Lighthouse', 'Harbour Lights']],
      ['Finn Oduya', 1990, ['The Quiet Heist', 'Night Market']]
    ] AS row
    CREATE (person:Person:Actor {name: row[0], born: row[1]})
    WITH person, row UNWIND row[2] AS title
    MATCH (movie:Movie {title: title})
    CREATE (person)-[:ACTED_IN {roles: ['somebody']}]->(movie)
    """,
    """
    MATCH (movie:Movie)
    WITH movie ORDER BY movie.title
    WITH collect(movie) AS movies
    CREATE (one:Person {name: 'Gus Keller', born: 1948}), (two:Person {name: 'Hana Sato', born: 1972})
    WITH movies, [one, two] AS directors
    UNWIND range(0, size(movies) - 1) AS place
    WITH movies[place] AS movie, directors[place % 2] AS director
    CREATE (director)-[:DIRECTED]->(movie)
    """,
    """
    UNWIND [
      ['Ines Okafor', [['The Long Orbit', 95, 'Dark, slow and worth every minute of it.'],
                       ['Second Orbit', 80, 'Not as good as the first one, still very good.']]],
      ['Jonas Weil', [['Harbour Lights', 65, 'The trial is far too long for me.'],
                      ['Court of Crows', 85, 'I could not look away from the birds.']]],
      ['Kim Ozawa', [['The Baker of Trieste', 90, 'It made me hungry and sad, in this order.'],
                     ['Night Market', 75, 'Funny, and the food looks wonderful.']]]
    ] AS row
    CREATE (person:Person {name: row[0]})
    WITH person, row UNWIND row[1] AS review
    MATCH (movie:Movie {title: review[0]})
    CREATE (person)-[:REVIEWED {rating: review[1], summary: review[2]}]->(movie)
    """,
    "MATCH (one:Person {name: 'Jonas Weil'}), (other:Person {name: 'Ines Okafor'}) CREATE (one)-[:FOLLOWS]->(other)",
]
"""Films with people of all trades under one label, as the graph that Neo4j Browser offers to start with has it."""

SHOP: list[LiteralString] = [
    "CREATE CONSTRAINT product IF NOT EXISTS FOR (product:Product) REQUIRE product.productID IS UNIQUE",
    """
    UNWIND [
      [1, 'Smoked Trout', 'Fish', 'Norden', 12.5], [2, 'Oat Crackers', 'Bakery', 'Mill & Sons', 3.2],
      [3, 'Herring in Dill', 'Fish', 'Norden', 6.4], [4, 'Rye Bread', 'Bakery', 'Mill & Sons', 4.1],
      [5, 'Green Tea', 'Drinks', 'Kobayashi', 8.0], [6, 'Barley Coffee', 'Drinks', 'Mill & Sons', 5.5]
    ] AS row
    MERGE (category:Category {categoryName: row[2]}) MERGE (supplier:Supplier {companyName: row[3]})
    CREATE (product:Product {productID: row[0], productName: row[1], unitPrice: row[4]}),
           (product)-[:PART_OF]->(category), (supplier)-[:SUPPLIES]->(product)
    """,
    """
    UNWIND [['ANTON', 10248, [[1, 2], [4, 1]]], ['BERGS', 10249, [[3, 5], [2, 2]]], ['ANTON', 10250, [[2, 3], [3, 1]]],
            ['CHOPS', 10251, [[5, 1], [6, 4]]], ['BERGS', 10252, [[1, 1], [3, 2]]]] AS row
    MERGE (customer:Customer {customerID: row[0]})
    CREATE (customer)-[:PURCHASED]->(order:Order {orderID: row[1]})
    WITH order, row UNWIND row[2] AS line
    MATCH (product:Product {productID: line[0]})
    CREATE (order)-[:ORDERS {quantity: line[1]}]->(product)
    """,
]
"""A shop whose customers reach products over orders only."""

PAPERS: list[LiteralString] = [
    """
    UNWIND [
      ['A Grammar for Bees', 'We describe how honey bees tell each other where the flowers are.', ['Ruiz', 'Meyer']],
      ['Counting in the Dark', 'Bats count insects by echo, and we measure how far.', ['Meyer']],
      ['Flowers Seen by Bees', 'What ultraviolet patterns on petals say to an insect.', ['Ruiz', 'Tanaka']],
      ['Echoes in Narrow Caves', 'A model of sound in caves that bats can live in.', ['Osei']],
      ['Dances Compared', 'The dances of four kinds of bees are compared for the first time.', ['Tanaka']]
    ] AS row
    CREATE (paper:Paper {title: row[0], abstract: row[1]})
    FOREACH (name IN row[2] | MERGE (author:Author {name: name}) CREATE (author)-[:WROTE]->(paper))
    """,
    """
    UNWIND [['Dances Compared', 'A Grammar for Bees'], ['Flowers Seen by Bees', 'A Grammar for Bees'],
            ['Echoes in Narrow Caves', 'Counting in the Dark']] AS row
    MATCH (from:Paper {title: row[0]}), (to:Paper {title: row[1]})
    CREATE (from)-[:CITES]->(to)
    """,
]
"""Papers and authors, and nobody who reads them."""
