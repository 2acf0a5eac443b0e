"""Small graphs of several domains, as the files of a folder, for the tests of loading and schema inference."""

from pathlib import Path

Files = dict[str, str | bytes]


def write(folder: Path, files: Files) -> Path:
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.encode() if isinstance(content, str) else content)
    return folder


FILMS: Files = {
    "nodes/Film.csv": (
        "filmId:ID(Film),title,year:int,imdb,plot,length:float,tmdbId:long\n"
        "1,Arrival,2016,tt2543164,A linguist learns to speak with those who came from far away.,116.5,11\n"
        '2,"Her, or She",2013,tt1798709,"A man, alone, falls in love with the voice of a machine.",126.0,12\n'
        "3,Ran,1985,tt0089881,,162.0,13\n"
        "4,Heat,1995,tt0113277,Two men on both sides of the law meet once and talk.,170.0,14\n"
    ),
    "nodes/Genre.csv": "name:ID(Genre)\nDrama\nScience Fiction\nCrime\n",
    "nodes/Decade.csv": "name:ID(Decade)\n1980s\n1990s\n2010s\n",
    "nodes/Person.csv": "personId:ID(Person),name\n7,Amy Adams\n8,Akira Kurosawa\n9,Al Pacino\n",
    "nodes/User.csv": "userId:ID(User)\n1\n2\n3\n",
    "relations/RATED.csv": (
        ":START_ID(User),:END_ID(Film),rating:float,timestamp:long\n"
        "1,1,5.0,964982703\n1,2,4.5,964982704\n1,3,0.5,964982705\n2,1,3.0,964982706\n2,4,3.0,964982707\n"
        "3,4,1.0,964982708\n3,2,2.0,964982709\n"
    ),
    "relations/HAS_GENRE.csv": (
        ":START_ID(Film),:END_ID(Genre)\n1,Drama\n1,Science Fiction\n2,Drama\n3,Drama\n4,Crime\n"
    ),
    "relations/IN_DECADE.csv": ":START_ID(Film),:END_ID(Decade)\n1,2010s\n2,2010s\n3,1980s\n4,1990s\n",
    "relations/DIRECTED_BY.csv": ":START_ID(Film),:END_ID(Person)\n3,8\n",
    "relations/ACTED_IN.csv": ":START_ID(Person),:END_ID(Film)\n7,1\n7,2\n9,4\n",
    "relations/TAGGED.csv": ":START_ID(Film),:END_ID(Genre),count:int\n1,Crime,2\n4,Drama,9\n",
}

MUSIC: Files = {
    "nodes/Artist.csv": "id:ID(Artist),name\na1,Björk\na2,The Knife\na3,坂本龍一\na4,Nina Simone\n",
    "nodes/Tag.csv": "name:ID(Tag)\nelectronic\njazz\nslow\n",
    "nodes/Listener.csv": "id:ID(Listener)\nu1\nu2\nu3\n",
    "relations/LISTENED_TO.csv": (
        ":START_ID(Listener),:END_ID(Artist),plays:int\nu1,a1,3\nu1,a2,1\nu2,a1,1450\nu2,a4,1\nu3,a3,12\n"
    ),
    "relations/HAS_TAG.csv": ":START_ID(Artist),:END_ID(Tag)\na1,electronic\na2,electronic\na4,jazz\na3,slow\n",
    "relations/KNOWS.csv": ":START_ID(Listener),:END_ID(Listener)\nu1,u2\n",
}

SHOP: Files = {
    "nodes/Product.csv": (
        "sku:ID(Product),productName,price:double,description\n"
        "p1,Rain jacket,79.9,A light jacket that keeps the rain off and folds into its own pocket.\n"
        "p2,Camping stove,39.0,Boils a litre of water in under four minutes in any wind.\n"
        "p3,Tent,249.0,Stands in ten minutes and sleeps three people with their bags.\n"
    ),
    "nodes/Brand.csv": "name:ID(Brand),country\nNorthwind,Norway\nPeak,Chile\n",
    "nodes/Customer.csv": "customerId:ID(Customer),since:int\nc1,2011\nc2,2019\nc3,2020\n",
    "nodes/City.csv": "name:ID(City)\nOslo\nLima\n",
    "relations/REVIEWED.csv": (
        ":START_ID(Customer),:END_ID(Product),stars:int,text,helpful:int,on:date\n"
        'c1,p1,5,"Dry, at last",3,2020-05-01\nc1,p2,2,Slow,0,2020-06-01\nc2,p2,4,,14,2021-01-01\nc3,p3,1,Leaks,2,\n'
    ),
    "relations/MADE_BY.csv": ":START_ID(Product),:END_ID(Brand)\np1,Northwind\np2,Peak\np3,Peak\n",
    "relations/LIVES_IN.csv": ":START_ID(Customer),:END_ID(City)\nc1,Oslo\nc2,Lima\nc3,Lima\n",
}

REVIEWS: Files = {
    **SHOP,
    "nodes/Customer.csv": (
        "customerId:ID(Customer),since:int,about,motto\n"
        "c1,2011,I walk the hills of the north in any weather there is.,Onwards and upwards every single day\n"
        "c2,2019,,\nc3,2020,,\n"
    ),
    "relations/REVIEWED.csv": (
        ":START_ID(Customer),:END_ID(Product),stars:int,summary,text,tags:string[],on:date\n"
        "c1,p1,5,Dry,It kept me dry for a week of rain.,one two three four five six;seven eight,2020-05-01\n"
        "c1,p2,2,Slow,,,2020-06-01\nc2,p2,4,,It boils and boils and never tips over.,,2021-01-01\nc3,p3,1,Leaks,,,\n"
    ),
}
"""The shop, in which people write of themselves and of what they bought."""

WITHOUT_USERS: Files = {
    name: FILMS[name]
    for name in FILMS
    if name.split("/")[1] not in ("User.csv", "RATED.csv", "Person.csv", "ACTED_IN.csv", "DIRECTED_BY.csv")
}
