"""The rules of a sale, a third time, in another language: what the journal says happened.

Written from the decisions in docs/ and the promises in the headers of src/model and src/ledger: a
record moves the clock, returns what is due, then asks. Nothing here decides who deserved what
beforehand; only what each record meant when it was its turn.
"""

import heapq
from dataclasses import dataclass, field

from record import TIME_END

LATE_AFTER_MS = 10_000
CLOCK_STEP_MAX_MS = 60_000
RETURNS_MAX = 1_000  # by one record
QUANTITY_MAX = 32
ORDERS_PER_BUYER_MAX = 32
STOCK_MAX, ORDERS_MAX_MAX, HOLD_MAX_MS = 10_000_000, 20_000_000, 7 * 24 * 3_600_000
SALES_MAX, ORDERS_TOTAL_MAX = 10_000, 40_000_000
RULES = 1


@dataclass
class Sale:
    terms: dict
    pos: int
    held: int = 0  # units
    paid: int = 0  # units
    granted: int = 0  # orders, ever
    open_holds: int = 0  # orders
    payments: int = 0
    owners: list = field(default_factory=list)  # owners[n]: the order that has unit n + 1
    free: list = field(default_factory=list)  # a heap: unit numbers that came back
    live_of: dict = field(default_factory=dict)  # buyer: units
    orders_of: dict = field(default_factory=dict)  # buyer: orders, ever
    aside: bool = False

    @property
    def available(self) -> int:
        return self.terms["stock"] - self.held - self.paid - self.terms["withdrawn"]

    def state(self, stamp: int) -> str:
        t = self.terms
        if t["standing"] != "active":
            return t["standing"]
        if stamp < t["starts_at"]:
            return "scheduled"
        return "open" if t["ends_at"] is None or stamp < t["ends_at"] else "closed"


@dataclass
class Order:
    id: str
    sale: Sale
    buyer: str
    key: str
    body: str
    quantity: int
    granted: int  # position
    pos: int  # of the last record that changed it
    held_at: int
    hold_ms: int
    due: int  # ledger clock
    state: str = "held"
    units: list = field(default_factory=list)
    ended_at: int | None = None
    paid_at: int | None = None
    payment: str | None = None
    aside: bool = False

    @property
    def live(self) -> bool:
        return self.state in ("held", "paid")


@dataclass
class Payment:
    order: str
    amount_minor: int
    outcome: str  # "applied" or "refund"
    pos: int
    aside: bool = False


class Damaged(Exception):
    """This replay must not go on (I9)."""


class Replay:
    def __init__(self) -> None:
        self.position = 0
        self.clock = 0
        self.stamp = 0
        self.sales: dict[int, Sale] = {}
        self.names: dict[str, Sale] = {}
        self.orders: dict[str, Order] = {}
        self.payments: dict[str, Payment] = {}
        self.key_of: dict[tuple, str] = {}  # (sale, buyer, key): its order id, as far as records say
        self.touched: list = []  # by the last record
        self._due: list = []  # a heap of (due, granted, id); what has ended meanwhile is skipped
        self._is_due: set = set()

    def apply(self, r: dict) -> str:
        """What the record's writer was told."""
        if r["position"] != self.position:
            raise Damaged(f"record {r['position']} stands where {self.position} comes next")
        self.touched = []
        stamp = r["stamp"]
        if self.position > 0:
            self.clock += min(max(stamp - self.stamp, 0), CLOCK_STEP_MAX_MS)
        self.stamp = stamp
        self._return_due()
        said = getattr(self, "_" + r["kind"].lower())(r)
        self.position += 1
        return said

    def put_aside(self) -> None:
        """The last record is in quarantine: rows may lack whatever it changed."""
        for thing in self.touched:
            thing.aside = True
            if isinstance(thing, Order):
                thing.sale.aside = True

    # --- time

    def _return_due(self) -> None:
        returned = 0
        while self._due and self._due[0][0] <= self.clock and returned < RETURNS_MAX:
            order_id = heapq.heappop(self._due)[2]
            if order_id in self._is_due:
                self._end(self.orders[order_id], "expired")
                returned += 1

    def _leave_hold(self, order: Order) -> None:
        order.sale.held -= order.quantity
        if order.hold_ms > 0:
            self._is_due.discard(order.id)
            order.sale.open_holds -= 1
        order.pos = self.position
        self.touched.append(order)

    def _end(self, order: Order, how: str) -> None:
        self._leave_hold(order)
        sale = order.sale
        for unit in order.units:
            sale.owners[unit - 1] = None
            heapq.heappush(sale.free, unit)
        order.units = []
        sale.live_of[order.buyer] -= order.quantity
        order.state, order.ended_at = how, self.stamp

    # --- records

    def _tick(self, r: dict) -> str:
        if r["rules"] > RULES:
            raise Damaged(f"record {self.position} was written by newer rules {r['rules']}; known is {RULES}")
        if r["at"] > self.position:
            raise Damaged(f"the writer of record {self.position} had seen {r['at']}: the journal was cut short")
        return "ticked"

    def _reserve(self, r: dict) -> str:
        sale = self.sales.get(r["sale"])
        if sale is None or sale.terms["standing"] == "retired":
            return "unknown-sale"
        said = self._answer(sale, r)
        if said == "won":
            self._grant(sale, r)
        return said

    def _is_his_id(self, r: dict) -> bool:
        """The id is a keyed hash of sale, buyer and key. Without the secret: it names the sale, and it
        and the key have never been seen with another one (I5)."""
        key = (r["sale"], r["buyer"], r["key"])
        known = self.orders.get(r["order"])
        if known is not None and (known.buyer, known.key) != (r["buyer"], r["key"]):
            return False
        return int(r["order"][:8], 16) == r["sale"] and self.key_of.setdefault(key, r["order"]) == r["order"]

    def _answer(self, sale: Sale, r: dict) -> str:
        terms, quantity, buyer = sale.terms, r["quantity"], r["buyer"]
        if not self._is_his_id(r):
            return "not-allowed"
        if r["order"] in self.orders:
            return "replayed" if self.orders[r["order"]].body == r["body"] else "idempotency-key-reused"
        if r["asked_at"] < self.clock - LATE_AFTER_MS:
            return "late"
        if not 1 <= quantity <= QUANTITY_MAX:
            return "not-allowed"
        state = sale.state(self.stamp)
        if state != "open":
            return {"paused": "sale-paused", "scheduled": "not-started"}.get(state, "sale-closed")
        if terms["per_buyer"] and sale.live_of.get(buyer, 0) + quantity > terms["per_buyer"]:
            return "limit-reached"
        if sale.orders_of.get(buyer, 0) >= ORDERS_PER_BUYER_MAX:
            return "limit-reached"
        if sale.granted >= terms["orders_max"]:
            return "sale-full"
        return "won" if quantity <= sale.available else "sold-out"

    def _grant(self, sale: Sale, r: dict) -> None:
        order = Order(id=r["order"], sale=sale, buyer=r["buyer"], key=r["key"], body=r["body"],
                      quantity=r["quantity"], granted=self.position, pos=self.position, held_at=self.stamp,
                      hold_ms=sale.terms["hold_ms"], due=self.clock + sale.terms["hold_ms"])
        for _ in range(order.quantity):  # the lowest free numbers
            if sale.free:
                unit = heapq.heappop(sale.free)
                sale.owners[unit - 1] = order.id
            else:
                sale.owners.append(order.id)
                unit = len(sale.owners)
            order.units.append(unit)
        if order.hold_ms > 0:
            heapq.heappush(self._due, (order.due, order.granted, order.id))
            self._is_due.add(order.id)
            sale.open_holds += 1
        sale.held += order.quantity
        sale.granted += 1
        sale.live_of[order.buyer] = sale.live_of.get(order.buyer, 0) + order.quantity
        sale.orders_of[order.buyer] = sale.orders_of.get(order.buyer, 0) + 1
        self.orders[order.id] = order
        self.touched.append(order)

    def _known_order(self, order_id: str) -> Order | None:
        order = self.orders.get(order_id)
        return None if order is None or order.sale.terms["standing"] == "retired" else order

    def _pay(self, r: dict) -> str:
        order = self._known_order(r["order"])
        if order is None:
            return "unknown-order"
        taken = self.payments.get(r["payment"])
        if taken is not None:
            if (taken.order, taken.amount_minor) != (r["order"], r["amount_minor"]):
                return "payment-id-reused"
            return "paid" if taken.outcome == "applied" else "refund"
        sale = order.sale
        if sale.payments >= 2 * sale.terms["orders_max"] + 1_000:  # docs/decisions/0005
            return "sale-full"
        sale.payments += 1
        outcome = "applied" if order.state == "held" else "refund"
        self.payments[r["payment"]] = Payment(r["order"], r["amount_minor"], outcome, self.position)
        self.touched.append(self.payments[r["payment"]])
        if outcome == "refund":
            return "refund"
        self._leave_hold(order)
        sale.paid += order.quantity
        order.state, order.paid_at, order.payment = "paid", self.stamp, r["payment"]
        return "paid"

    def _cancel(self, r: dict) -> str:
        order = self._known_order(r["order"])
        if order is None:
            return "unknown-order"
        if order.state == "paid":
            return "order-state"
        if order.state == "held":
            self._end(order, "cancelled")
        return "cancelled"

    # --- terms

    def _sale(self, r: dict) -> str:
        now = self.sales.get(r["sale"])
        said = self._first_terms(r) if r["version"] == 1 else self._next_terms(now, r)
        if said == "accepted":
            if now is None:
                now = self.sales[r["sale"]] = Sale(terms=r, pos=self.position)
                self.names[r["name"]] = now
            now.terms, now.pos = r, self.position
            self.touched.append(now)
        return said

    @staticmethod
    def _sound(r: dict) -> bool:
        return (r["sale"] != 0 and 1 <= r["stock"] <= STOCK_MAX and 1 <= r["orders_max"] <= ORDERS_MAX_MAX
                and 0 <= r["hold_ms"] <= HOLD_MAX_MS and r["price_minor"] >= 0
                and r["starts_at"] < (TIME_END if r["ends_at"] is None else r["ends_at"]))

    def _season_full(self, r: dict) -> bool:
        others = sum(sale.terms["orders_max"] for uid, sale in self.sales.items()
                     if uid != r["sale"] and sale.terms["standing"] != "retired")
        return others + r["orders_max"] > ORDERS_TOTAL_MAX

    def _first_terms(self, r: dict) -> str:
        if r["sale"] in self.sales or r["name"] in self.names:
            return "sale-exists"
        if not self._sound(r) or r["withdrawn"] or r["standing"] == "retired":
            return "not-allowed"
        return "season-full" if len(self.sales) >= SALES_MAX or self._season_full(r) else "accepted"

    def _next_terms(self, sale: Sale | None, r: dict) -> str:
        if sale is None:
            return "unknown-sale"
        was = sale.terms
        if r["version"] != was["version"] + 1:
            return "version-conflict"
        grows = r["stock"] >= was["stock"] and r["withdrawn"] >= was["withdrawn"]
        fits = sale.held + sale.paid + r["withdrawn"] <= r["stock"] and r["orders_max"] >= sale.granted
        same = r["name"] == was["name"] and (r["hold_ms"] == 0) == (was["hold_ms"] == 0)
        if not (self._sound(r) and grows and fits and same and self._may_stand(sale, r["standing"])):
            return "not-allowed"
        return "season-full" if r["orders_max"] > was["orders_max"] and self._season_full(r) else "accepted"

    @staticmethod
    def _may_stand(sale: Sale, then: str) -> bool:
        now = sale.terms["standing"]
        if now in ("active", "paused"):
            return then != "retired"
        return now == "closed" and (then == "closed" or (then == "retired" and sale.open_holds == 0))
