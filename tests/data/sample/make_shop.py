"""Makes the sample shop: shop.sqlite and the orders.csv that the runbooks read.

`python tests/data/sample/make_shop.py DIRECTORY` writes the same rows every time, whatever the
machine: the draws come from one seeded generator, and no clock is read.
"""

import csv
import sqlite3
import sys
from datetime import date, timedelta
from pathlib import Path
from random import Random

SCHEMA = """
CREATE TABLE suppliers (
    id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, city TEXT NOT NULL,
    lead_time_days INTEGER NOT NULL, minimum_order_brl REAL NOT NULL);
CREATE TABLE products (
    id INTEGER PRIMARY KEY, code TEXT NOT NULL UNIQUE, name TEXT NOT NULL, category TEXT NOT NULL,
    price_brl REAL NOT NULL CHECK (price_brl > 0), stock INTEGER NOT NULL,
    reorder_point INTEGER NOT NULL, supplier_id INTEGER NOT NULL REFERENCES suppliers (id));
CREATE TABLE customers (
    id INTEGER PRIMARY KEY, name TEXT NOT NULL, city TEXT NOT NULL, kind TEXT NOT NULL
    CHECK (kind IN ('person', 'club', 'company')), since TEXT NOT NULL);
CREATE TABLE orders (
    id INTEGER PRIMARY KEY, number TEXT NOT NULL UNIQUE, customer_id INTEGER NOT NULL
    REFERENCES customers (id), ordered_on TEXT NOT NULL, channel TEXT NOT NULL
    CHECK (channel IN ('counter', 'online', 'telephone')), status TEXT NOT NULL
    CHECK (status IN ('paid', 'unpaid', 'cancelled')));
CREATE TABLE order_items (
    order_id INTEGER NOT NULL REFERENCES orders (id), line INTEGER NOT NULL,
    product_id INTEGER NOT NULL REFERENCES products (id), quantity INTEGER NOT NULL,
    unit_price_brl REAL NOT NULL, PRIMARY KEY (order_id, line)) WITHOUT ROWID;
CREATE TABLE returns (
    id INTEGER PRIMARY KEY, number TEXT NOT NULL UNIQUE, order_id INTEGER NOT NULL
    REFERENCES orders (id), product_id INTEGER NOT NULL REFERENCES products (id),
    returned_on TEXT NOT NULL, reason TEXT NOT NULL, refund_brl REAL NOT NULL);
CREATE INDEX orders_by_customer ON orders (customer_id);
CREATE INDEX items_by_product ON order_items (product_id);
CREATE VIEW order_totals AS
    SELECT orders.id AS order_id, orders.number, orders.ordered_on,
           round(sum(quantity * unit_price_brl), 2) AS total_brl
    FROM orders JOIN order_items ON order_items.order_id = orders.id GROUP BY orders.id;
"""

# Name, city, lead time in days, minimum order: the table of the handbook's chapter on suppliers.
SUPPLIERS = (
    ("Correntes do Iguaçu", "Foz do Iguaçu", 4, 600.0),
    ("Aro Firme", "Caxias do Sul", 7, 900.0),
    ("Borracha Serrana", "Lages", 3, 400.0),
    ("Luz do Pedal", "Campinas", 10, 500.0),
    ("Importadora Maré Alta", "Itajaí", 45, 10800.0),
    ("Selaria Bom Retiro", "Curitiba", 12, 300.0),
)

# Supplier, category, price, and the names of what it sends.
ASSORTMENT = (
    (
        1,
        "drivetrain",
        89.9,
        "Chain 8-speed|Chain 11-speed|Cassette 11-34|Cassette 11-42|Crankset 34",
    ),
    (
        2,
        "wheels",
        129.0,
        "Rim 26|Rim 29|Front hub|Rear hub|Spokes (36)|Front wheel 29|Rear wheel 29",
    ),
    (
        3,
        "tyres",
        74.5,
        "Tyre 26 city|Tyre 29 trail|Tyre 700x28|Tube 26|Tube 29|Tubeless sealant 500 ml",
    ),
    (4, "lights", 59.0, "Front light|Rear light|Battery 36 V|Brake cable|Gear cable|Bell"),
    (
        5,
        "suspension and motors",
        890.0,
        "Suspension fork 100 mm|Rear shock|Hub motor 250 W|Display",
    ),
    (6, "comfort", 99.0, "City saddle|Sport saddle|Handlebar bag|Saddle bag|Cork grips|Child seat"),
)

FIRST = (
    "Alda",
    "Bento",
    "Ciro",
    "Dalva",
    "Elói",
    "Flora",
    "Gil",
    "Hilda",
    "Ivo",
    "Jandira",
    "Léo",
    "Mirna",
    "Nilo",
    "Olga",
    "Plínio",
    "Rosa",
)
LAST = (
    "Bragança",
    "Cordeiro",
    "Dorneles",
    "Falcão",
    "Garibaldi",
    "Lacerda",
    "Munhoz",
    "Quintela",
    "Rocha",
    "Taborda",
)
CITIES = ("Curitiba", "Curitiba", "Curitiba", "Araucária", "Pinhais", "Colombo", "Joinville")
CLUBS = ("Clube Pedal Lento", "Ciclistas do Barigui", "Rodas da Manhã", "Clube Serra Abaixo")
COMPANIES = ("Entregas Gralha Azul", "Pousada do Trilho", "Padaria Farinha Fina")
REASONS = ("defect", "wrong item", "too late", "changed mind", "damaged in transport")
FIRST_DAY = date(2025, 1, 2)
DAYS = 364
ORDERS = 500


def make(directory: Path) -> Path:
    """Writes shop.sqlite and orders.csv into the directory; gives the path of the database."""
    directory.mkdir(parents=True, exist_ok=True)
    path = directory / "shop.sqlite"
    path.unlink(missing_ok=True)
    draw = Random(418)
    db = sqlite3.connect(path)
    with db:
        db.executescript(SCHEMA)
        _fill_catalogue(db, draw)
        _fill_customers(db, draw)
        _fill_orders(db, draw)
        _fill_returns(db, draw)
    _export(db, directory / "orders.csv")
    db.close()
    return path


def _fill_catalogue(db: sqlite3.Connection, draw: Random) -> None:
    db.executemany(
        "INSERT INTO suppliers VALUES (?, ?, ?, ?, ?)",
        [(number, *row) for number, row in enumerate(SUPPLIERS, 1)],
    )
    products = [
        (name, category, price, supplier)
        for supplier, category, price, names in ASSORTMENT
        for name in names.split("|")
    ]
    for number, (name, category, price, supplier) in enumerate(products, 1):
        ours = round(price * draw.choice((0.4, 0.7, 1.0, 1.3, 2.1)), 2)
        row = (number, f"PT-{10400 + 7 * number}", name, category, ours)
        db.execute(
            "INSERT INTO products VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            (*row, draw.randrange(0, 60), draw.choice((4, 6, 10, 12)), supplier),
        )


def _fill_customers(db: sqlite3.Connection, draw: Random) -> None:
    persons = [f"{first} {last}" for first in FIRST for last in draw.sample(LAST, 5)]
    named = [(name, "person") for name in persons]
    named += [(name, "club") for name in CLUBS] + [(name, "company") for name in COMPANIES]
    for number, (name, kind) in enumerate(named, 1):
        since = date(2015, 1, 1) + timedelta(days=draw.randrange(3600))
        db.execute(
            "INSERT INTO customers VALUES (?, ?, ?, ?, ?)",
            (number, name, draw.choice(CITIES), kind, since.isoformat()),
        )


def _fill_orders(db: sqlite3.Connection, draw: Random) -> None:
    customers = db.execute("SELECT count(*) FROM customers").fetchone()[0]
    prices = db.execute("SELECT id, price_brl FROM products ORDER BY id").fetchall()
    days = sorted(draw.randrange(DAYS) for _ in range(ORDERS))
    for number, day in enumerate(days, 1):
        channel = draw.choices(("counter", "online", "telephone"), (6, 3, 1))[0]
        status = draw.choices(("paid", "unpaid", "cancelled"), (90, 4, 6))[0]
        ordered_on = (FIRST_DAY + timedelta(days=day)).isoformat()
        customer = draw.randrange(customers) + 1
        db.execute(
            "INSERT INTO orders VALUES (?, ?, ?, ?, ?, ?)",
            (number, f"2025-{number:05d}", customer, ordered_on, channel, status),
        )
        chosen = draw.sample(prices, draw.choice((1, 1, 2, 2, 3, 5)))
        db.executemany(
            "INSERT INTO order_items VALUES (?, ?, ?, ?, ?)",
            [
                (number, line, product, draw.choice((1, 1, 1, 2, 4)), price)
                for line, (product, price) in enumerate(chosen, 1)
            ],
        )


def _fill_returns(db: sqlite3.Connection, draw: Random) -> None:
    items = db.execute(
        "SELECT order_id, product_id, ordered_on, quantity * unit_price_brl FROM order_items "
        "JOIN orders ON orders.id = order_id WHERE status = 'paid' ORDER BY order_id, line"
    ).fetchall()
    for number, (order, product, ordered_on, paid) in enumerate(sorted(draw.sample(items, 40)), 1):
        day = date.fromisoformat(ordered_on) + timedelta(days=draw.randrange(1, 15))
        row = (number, f"RT{number:04d}", order, product, day.isoformat())
        db.execute(
            "INSERT INTO returns VALUES (?, ?, ?, ?, ?, ?, ?)",
            (*row, draw.choice(REASONS), round(paid, 2)),
        )


def _export(db: sqlite3.Connection, path: Path) -> None:
    rows = db.execute(
        "SELECT orders.number, orders.ordered_on, customers.name, printf('%.2f', total_brl), status "
        "FROM orders JOIN order_totals ON order_totals.order_id = orders.id "
        "JOIN customers ON customers.id = customer_id ORDER BY orders.id"
    )
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(("order", "date", "customer", "total", "status"))
        writer.writerows(rows)


if __name__ == "__main__":
    print(make(Path(sys.argv[1] if len(sys.argv) > 1 else ".")))
