"""The rows of one moment, read by documented names only (src/orders/schema), and each held against the
replay at their bookmark."""

import json
import sqlite3
from dataclasses import dataclass

from checks import Checks
from record import TIME_END, is_record, record_hash
from replay import Order, Replay, Sale

# Every query in one place: when the schema changes, this is what follows. "order_ids" become hex digits.
QUERIES = {
    "bookmark": "SELECT lower(hex(journal_id)) AS journal_id, next_pos, lower(hex(last_hash)) AS last_hash,"
                " clock_ms FROM bookmark",
    "quarantine": "SELECT pos, bytes FROM quarantine",
    "sales": "SELECT id, uid, title, stock, withdrawn, per_buyer, price_minor, currency, state, starts_at,"
             " ends_at, hold_ms, orders_max, version, pos FROM sales",
    "orders": "SELECT made_pos, lower(hex(id)) AS id, sale_id, buyer_id, idem_key, quantity, units, state, held_at,"
              " due_at, paid_at, ended_at, payment_id, pos FROM orders",
    "payments": "SELECT id, lower(hex(order_id)) AS order_id, amount_minor, outcome, pos FROM payments",
}


@dataclass
class Rows:
    bookmark: dict | None
    quarantine: list
    sales: list
    orders: list
    payments: list


def read_rows(path: str) -> Rows:
    """All rows in one snapshot; takes no lock that a writer would wait for."""
    db = sqlite3.connect(f"file:{path}?mode=ro", uri=True, isolation_level=None)
    db.row_factory = sqlite3.Row
    db.execute("BEGIN")
    read = {name: [dict(row) for row in db.execute(sql)] for name, sql in QUERIES.items()}
    db.close()
    read["bookmark"] = read["bookmark"][0] if read["bookmark"] else None
    for order in read["orders"]:
        order["units"] = json.loads(order["units"])
    return Rows(**read)


def check_bookmark(rows: Rows, replay: Replay, last: dict | None, first: dict | None, checks: Checks,
                   notes: list) -> None:
    """The rows are of this journal, and not ahead of it. The replay stands at the bookmark."""
    check, mark = checks["bookmark"], rows.bookmark
    check.says = f"rows know {mark['next_pos'] if mark else 0} records of this journal"
    if mark is None:
        return
    if replay.position < mark["next_pos"]:
        check.found(f"the rows know {mark['next_pos']} records, the journal has {replay.position}")
    elif last is not None and record_hash(last) is None:
        notes.append(f"that record {last['position']} is the one the rows saw: its hash needs the sale's secret")
    elif last is None or record_hash(last) != mark["last_hash"]:
        check.found(f"record {mark['next_pos'] - 1} is another one")
    elif mark["clock_ms"] != replay.clock:
        check.found(f"its clock is {mark['clock_ms']}, the journal's {replay.clock}")
    if first is None or record_hash(first) != mark["journal_id"]:
        check.found("the rows are of another journal")


class RowsAudit:
    """Compares. `only` is one sale's name, or None for all."""

    def __init__(self, rows: Rows, replay: Replay, only: str | None, checks: Checks) -> None:
        self.rows, self.replay, self.only, self.checks = rows, replay, only, checks
        self.order_rows = [row for row in rows.orders if self._judged(row["sale_id"])]
        self.units_of: dict[str, int] = {}  # of an order
        self.units_given: dict[str, int] = {}  # of a sale

    def _judged(self, sale_name: str | None) -> bool:
        return self.only is None or sale_name == self.only

    def run(self, left_in_quarantine: list, quarantined: int) -> None:
        check = self.checks["quarantine"]
        check.says = f"{quarantined} records in quarantine"
        for pos in left_in_quarantine:
            check.found(f"record {pos} is in quarantine, but the journal has another one there")
        self._sales()
        self._orders()
        self._units()
        self._payments()
        self._sums()

    def _sales(self) -> None:
        check, seen = self.checks["sales-differ"], set()
        check.says = f"{len(self.rows.sales)} sales as replayed"
        for row in self.rows.sales:
            if not self._judged(row["id"]):
                continue
            seen.add(row["id"])
            sale = self.replay.names.get(row["id"])
            if sale is None:
                self.checks["rows-unknown"].found(f"sale {row['id']}")
            elif not sale.aside:
                should = {name: sale.terms[name] for name in
                          ("title", "stock", "withdrawn", "per_buyer", "price_minor", "currency", "starts_at",
                           "ends_at", "hold_ms", "orders_max", "version")}
                should |= {"uid": sale.terms["sale"], "state": sale.state(self.replay.stamp), "pos": sale.pos}
                check.same(f"sale {row['id']}", row, should)
        for name, sale in self.replay.names.items():
            if self._judged(name) and not sale.aside and name not in seen:
                self.checks["rows-missing"].found(f"sale {name}")

    @staticmethod
    def _row_of(order: Order) -> dict:
        return {"sale_id": order.sale.terms["name"], "buyer_id": order.buyer, "idem_key": order.key,
                "quantity": order.quantity, "state": order.state, "held_at": order.held_at,
                "due_at": min(order.held_at + order.hold_ms, TIME_END) if order.hold_ms else None,
                "paid_at": order.paid_at,
                "ended_at": order.ended_at, "payment_id": order.payment, "made_pos": order.granted,
                "pos": order.pos}

    def _orders(self) -> None:
        check = self.checks["orders-differ"]
        for row in self.order_rows:
            order_id, order = row["id"], self.replay.orders.get(row["id"])
            if order is None:
                self.checks["rows-unknown"].found(f"order {order_id} of {row['buyer_id']}")
            elif not order.aside:
                check.same(f"order {order_id}", row, self._row_of(order))
        there = {row["id"] for row in self.order_rows}
        for order in self.replay.orders.values():
            if self._judged(order.sale.terms["name"]) and not order.aside and order.id not in there:
                self.checks["rows-missing"].found(f"order {order.id}")
        stored = sum(row["id"] in self.replay.orders for row in self.order_rows)
        check.says = f"{stored} orders as replayed"
        self.checks["rows-missing"].says = f"{stored} orders stored"
        self.checks["rows-unknown"].says = "no row without a record"

    def _units(self) -> None:
        check, taken = self.checks["units-differ"], set()
        for row in self.order_rows:
            name, units, order = row["sale_id"], row["units"], self.replay.orders.get(row["id"])
            self.units_of[row["id"]] = self.units_of.get(row["id"], 0) + len(units)
            self.units_given[name] = self.units_given.get(name, 0) + len(units)
            if order is not None and not order.aside and units != order.units:
                check.found(f"order {order.id} has units {units}, should have {order.units}")
            sale = self.replay.names.get(name)
            for unit in units if sale is not None else []:
                if not 1 <= unit <= sale.terms["stock"]:
                    self.checks["oversold"].found(f"unit {unit} of sale {name}, which has {sale.terms['stock']}")
                if (name, unit) in taken:
                    self.checks["double"].found(f"unit {unit} of sale {name} is with two orders")
                taken.add((name, unit))
        check.says = f"{sum(self.units_given.values())} units, each with whom the replay says"
        self._owners()

    def _owners(self) -> None:
        """A live order has each of its units, and nobody else has one (I1)."""
        check, total = self.checks["double"], 0
        for row in self.order_rows:
            order_id, order = row["id"], self.replay.orders.get(row["id"])
            if order is not None and order.sale.aside:
                continue
            due = row["quantity"] if row["state"] in ("held", "paid") else 0
            has = self.units_of.get(order_id, 0)
            total += has
            if has != due:
                check.found(f"order {order_id} has {has} units, and should have {due}")
        check.says = f"{total} units, each with one order"

    def _payments(self) -> None:
        check = self.checks["payments-differ"]
        counts, wanted = {"applied": 0, "refund": 0}, {"applied": 0, "refund": 0}
        for row in self.rows.payments:
            order, known = self.replay.orders.get(row["order_id"]), self.replay.payments.get(row["id"])
            if order is not None and not self._judged(order.sale.terms["name"]):
                continue
            counts[row["outcome"]] = counts.get(row["outcome"], 0) + 1
            if known is None:
                self.checks["rows-unknown"].found(f"payment {row['id']}")
            elif not known.aside:
                check.same(f"payment {row['id']}", row, {"order_id": known.order, "outcome": known.outcome,
                                                         "amount_minor": known.amount_minor, "pos": known.pos})
        judged = [payment for payment in self.replay.payments.values()
                  if self._judged(self.replay.orders[payment.order].sale.terms["name"])]
        for payment in judged:
            wanted[payment.outcome] += 1
        if counts != wanted and not any(payment.aside for payment in judged):
            check.found(f"{counts} in the rows, {wanted} in the journal")
        check.says = f"{counts['applied']} payments and {counts['refund']} refunds, each once"

    def _sums(self) -> None:
        """I1, I3, I4 from the rows' own sums."""
        live = stock = available = 0
        for name, sale in self.replay.names.items():
            if not self._judged(name):
                continue
            mine = [row for row in self.order_rows if row["sale_id"] == name]
            held = sum(row["quantity"] for row in mine if row["state"] == "held")
            paid = sum(row["quantity"] for row in mine if row["state"] == "paid")
            live, stock = live + held + paid, stock + sale.terms["stock"]
            self._limit(name, sale, mine)
            if held + paid + sale.terms["withdrawn"] > sale.terms["stock"]:
                self.checks["oversold"].found(f"sale {name}: {held + paid} sold and {sale.terms['withdrawn']}"
                                              f" withdrawn of {sale.terms['stock']}")
            if sale.aside:
                continue
            available += sale.available
            if (held, paid) != (sale.held, sale.paid) or self.units_given.get(name, 0) != held + paid:
                self.checks["conservation"].found(
                    f"sale {name}: {held} held + {paid} paid with {self.units_given.get(name, 0)} units in the"
                    f" rows, {sale.held} held + {sale.paid} paid in the journal")
        self.checks["oversold"].says = f"{live} sold <= {stock} in stock"
        self.checks["limit"].says = "no buyer has more than his sale allows"
        self.checks["conservation"].says = f"{live} live + withdrawn + {available} available = {stock} in stock"

    def _limit(self, name: str, sale: Sale, orders: list) -> None:
        """A limit that was lowered later takes nothing away from who has more."""
        live_of: dict[str, int] = {}
        for row in orders:
            if row["state"] in ("held", "paid"):
                live_of[row["buyer_id"]] = live_of.get(row["buyer_id"], 0) + row["quantity"]
        for buyer, live in live_of.items():
            if sale.terms["per_buyer"] and live > max(sale.terms["per_buyer"], sale.live_of.get(buyer, 0)):
                self.checks["limit"].found(f"{buyer} has {live} units of {name}, which allows"
                                           f" {sale.terms['per_buyer']}")


def take_aside(rows: Rows, r: dict, aside: dict) -> bool:
    """Is this record in quarantine, with the bytes that the journal has? Then it is taken out of it."""
    data = aside.get(r["position"])
    if data is None or not is_record(r, data):
        return False
    del aside[r["position"]]
    return True
