"""audit-outside: a second audit of a seckill sale, by a stranger.

It reads three things: the lines of `seckill journal dump`, the rows in orders.db, and what a drill's
shoppers were told. From them it derives I1 to I8 by itself, with no line of the engine's code, and says
each check with its numbers. Exit 0: proven; 1: not proven; 4: a promise is broken; 5: damaged.

What it cannot prove, because the dump masks each sale's secret and shows no raw bytes: that an order id
is the keyed hash of its sale, buyer and key (it proves that it names the sale, and that ids and keys
belong together one to one); that later terms of a sale kept its secret; when the rows' last record is a
SALE, that record's hash; and that records are what their bytes say.
"""

import argparse
import json
import os
import subprocess
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

from checks import Checks  # noqa: E402
from replay import Damaged, Replay  # noqa: E402
from rows import Rows, RowsAudit, check_bookmark, read_rows, take_aside  # noqa: E402
from told import Transcript  # noqa: E402


def options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="audit-outside", description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("sale", nargs="?", help="one sale's name (default all)")
    parser.add_argument("--journal", metavar="URL", help="as in file:seckill-data: `seckill journal dump` is run")
    parser.add_argument("--seckill", metavar="PROGRAM", default="seckill", help="who dumps it (default seckill)")
    parser.add_argument("--dump", metavar="FILE", default="-", help="lines that were dumped before (default stdin)")
    parser.add_argument("--orders", metavar="FILE", help="the rows, orders.db (default: none, and nothing is proven"
                                                         " of them)")
    parser.add_argument("--transcript", metavar="FILE", help="a drill's transcript.jsonl")
    parser.add_argument("--json", action="store_true", help="the report for programs")
    return parser.parse_args()


def dumped(args: argparse.Namespace) -> list[dict]:
    """The journal's records. They are read after the rows, so rows ahead of them are really ahead."""
    if args.journal:
        ran = subprocess.run([args.seckill, "journal", "dump", "--journal", args.journal], stdout=subprocess.PIPE,
                             check=False)
        if ran.returncode != 0:
            sys.exit(ran.returncode)
        lines = ran.stdout.decode().splitlines()
    elif args.dump == "-":
        lines = sys.stdin.read().splitlines()
    else:
        with open(args.dump, encoding="utf-8") as file:
            lines = file.read().splitlines()
    return [json.loads(line) for line in lines]


class Audit:
    def __init__(self, args: argparse.Namespace) -> None:
        self.only = args.sale
        self.checks, self.notes = Checks(), []
        self.rows = read_rows(args.orders) if args.orders else None
        self.transcript = None
        if args.transcript:
            with open(args.transcript, encoding="utf-8", errors="replace") as lines:
                self.transcript = Transcript(lines, self.checks)
        self.records = dumped(args)
        self.replay = Replay()
        self.rows_stamp = 0
        self.sums = dict.fromkeys(("stock", "won", "stored", "paid", "returned", "pending", "behind", "withdrawn",
                                   "refunds", "quarantined", "unanswered"), 0)

    def run(self) -> int:
        self.checks["journal"].says = f"{len(self.records)} records, each at its place"
        rows_at = self._compare_rows(self.rows) if self.rows is not None else None
        self._replay_to(len(self.records), {})
        if self.only is not None and self.only not in self.replay.names:
            print(f"audit-outside: the journal knows no sale {self.only}", file=sys.stderr)
            sys.exit(2)
        if rows_at is None:
            self._journal_alone()
        if self.transcript is not None:
            self.sums["unanswered"] = self.transcript.judge(self.replay, self.only)
        self._add_sums(rows_at)
        return self.checks.exit_code(self.sums["behind"])

    def _replay_to(self, end: int, aside: dict) -> None:
        for r in self.records[self.replay.position:end]:
            said = self.replay.apply(r)
            if self.rows is not None and take_aside(self.rows, r, aside):
                self.replay.put_aside()
            if self.transcript is not None and said == "won":
                self.transcript.granted(r)

    def _compare_rows(self, rows: Rows) -> int:
        aside = {row["pos"]: row["bytes"] for row in rows.quarantine}
        rows_at = rows.bookmark["next_pos"] if rows.bookmark else 0
        self._replay_to(rows_at, aside)
        self.rows_stamp = self.replay.stamp
        seen = self.records[:self.replay.position]
        check_bookmark(rows, self.replay, seen[-1] if seen else None, self.records[0] if self.records else None,
                       self.checks, self.notes)
        RowsAudit(rows, self.replay, self.only, self.checks).run(sorted(aside), len(rows.quarantine))
        self.sums["quarantined"] = len(rows.quarantine)
        self.sums["stored"] = sum(row["id"] in self.replay.orders for row in rows.orders
                                  if self.only in (None, row["sale_id"]))
        return rows_at

    def _journal_alone(self) -> None:
        """Without rows the journal is held against itself: orders are counted one by one."""
        live_of: dict[str, int] = {}
        for order in self.replay.orders.values():
            if order.live:
                name = order.sale.terms["name"]
                live_of[name] = live_of.get(name, 0) + order.quantity
        oversold, conservation = self.checks["oversold"], self.checks["conservation"]
        for name, sale in self.replay.names.items():
            live, terms = live_of.get(name, 0), sale.terms
            if live + terms["withdrawn"] > terms["stock"]:
                oversold.found(f"sale {name}: {live} sold and {terms['withdrawn']} withdrawn of {terms['stock']}")
            if live != sale.held + sale.paid or live != sum(owner is not None for owner in sale.owners):
                conservation.found(f"sale {name}: {sale.held} held + {sale.paid} paid, {live} in live orders")
        oversold.says = f"{sum(live_of.values())} sold <= stock"
        conservation.says = "held + paid + withdrawn + available = stock"
        self.notes.append("anything about rows: none were named")

    def _add_sums(self, rows_at: int | None) -> None:
        sums, replay = self.sums, self.replay

        def behind(changed: int) -> bool:
            return rows_at is not None and changed >= rows_at

        ours = {id(sale) for name, sale in replay.names.items() if self.only in (None, name)}
        for sale in replay.names.values():
            if id(sale) in ours:
                sums["stock"] += sale.terms["stock"]
                sums["withdrawn"] += sale.terms["withdrawn"]
                moved_on = sale.state(self.rows_stamp) != sale.state(replay.stamp)
                sums["behind"] += behind(replay.position if moved_on else sale.pos)
        for order in replay.orders.values():
            if id(order.sale) in ours:
                sums["won"] += 1
                sums["paid"] += order.state == "paid"
                sums["returned"] += not order.live
                sums["pending"] += behind(order.granted)
                sums["behind"] += behind(order.pos)
        for payment in replay.payments.values():
            if id(replay.orders[payment.order].sale) in ours:
                sums["refunds"] += payment.outcome == "refund"
                sums["behind"] += behind(payment.pos)


def main() -> int:
    args = options()
    try:
        audit = Audit(args)
        code = audit.run()
    except Damaged as why:
        print(f"audit-outside: {why}", file=sys.stderr)
        return 5
    report = audit.checks.json if args.json else audit.checks.text
    print(report(audit.sums, audit.sums["behind"], audit.notes))
    return code


if __name__ == "__main__":
    sys.exit(main())
