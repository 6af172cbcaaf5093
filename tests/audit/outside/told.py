"""What shoppers say they were told: the transcript of a drill, one line of JSON an attempt.

A shopper is a (buyer, key). What he was told of must be there (I2), one order to one key (I5), and
nobody has an order who was told no and had every chance to hear of it (I5, I11). The drill's words:
won, ended: an order; unknown, error: no answer; busy, not-sent: nothing was asked; all others: a no.
"""

import json
import re

from checks import Checks
from replay import Replay

TOKEN = re.compile(r"[A-Za-z0-9_-]{1,64}")
ORDER_ID = re.compile(r"[0-9a-f]{32}")


def _why_bad(line: object) -> str:
    if not isinstance(line, dict):
        return "is no JSON object"
    for name in ("buyer", "key", "outcome", "order_id"):
        if not isinstance(line.get(name), str | None):
            return f"its {name} is no text"
    for name in ("buyer", "key"):
        if line.get(name) and not TOKEN.fullmatch(line[name]):
            return f"its {name} is none"
    if not line.get("outcome"):
        return "has no outcome"
    if line.get("order_id") and not ORDER_ID.fullmatch(line["order_id"]):
        return "its order_id is none"
    return ""


def _kind(outcome: str) -> str:
    words = {"won": "order", "replayed": "order", "ended": "order", "unknown": "nothing", "error": "nothing",
             "busy": "busy", "not-sent": "not asked"}
    return words.get(outcome, "no")


def _time(value: object) -> str:
    """A text that sorts; what is no time says nothing, and the number of the attempt decides."""
    if isinstance(value, int | float):
        return f"{value:030.6f}"
    return value if isinstance(value, str) else ""


class Transcript:
    def __init__(self, lines, checks: Checks) -> None:
        self.checks = checks
        self.shoppers: dict[tuple, list] = {}
        self.orders: dict[tuple, list] = {}  # what a shopper has, as the journal says
        self.nameless_won = 0
        check, count = checks["transcript"], 0
        check.weight = "unproven"
        for number, text in enumerate(lines, 1):
            text = text.rstrip("\n")
            if not text:
                continue
            count += 1
            try:
                line = json.loads(text)
            except ValueError:
                line = None
            why = _why_bad(line)
            if why:
                check.found(f"line {number} {why}")
            else:
                self._take(line)
        check.says = f"{count} attempts of {len(self.shoppers)} shoppers read, {check.broken} lines were bad"

    def _take(self, line: dict) -> None:
        line["kind"] = _kind(line["outcome"])
        line["sent_at"], line["answered_at"] = _time(line.get("sent_at")), _time(line.get("answered_at"))
        attempt = line.get("attempt")
        line["attempt"] = attempt if isinstance(attempt, int) and attempt >= 0 else 0
        if line.get("key"):
            self.shoppers.setdefault((line.get("buyer") or "", line["key"]), []).append(line)
        else:
            self.nameless_won += line["kind"] == "order"

    def granted(self, r: dict) -> None:
        self.orders.setdefault((r["buyer"], r["key"]), []).append(r["order"])

    def judge(self, replay: Replay, only: str | None) -> int:
        """Returns how many have an order and have not been told yet."""
        self._won(replay, only)
        self._twice()
        return self._no(self._sales(replay, only))

    def _sales(self, replay: Replay, only: str | None) -> set:
        if only is not None:
            return {replay.names[only].terms["sale"]}
        return {int(line["order_id"][:8], 16) for lines in self.shoppers.values() for line in lines
                if line.get("order_id")}

    def _won(self, replay: Replay, only: str | None) -> None:
        check, told = self.checks["told-won"], self.nameless_won
        for shopper, lines in self.shoppers.items():
            for line in lines:
                if line["kind"] != "order":
                    continue
                told += 1
                order_id = line.get("order_id")
                if not order_id:
                    check.found(f"{shopper} was told of an order without its id")
                elif order_id not in replay.orders:
                    check.found(f"{shopper} was told of order {order_id}, which the journal does not know")
                elif order_id not in self.orders.get(shopper, []):
                    check.found(f"{shopper} was told of order {order_id}, which is not of his key")
        named = sum(len(self.orders.get(shopper, [])) for shopper in self.shoppers)
        granted = sum(sale.granted for name, sale in replay.names.items() if only in (None, name))
        if self.nameless_won > max(granted - named, 0):
            check.found(f"{self.nameless_won} nameless shoppers won, and there are {granted - named} orders for them")
        check.says = f"{told} times told of an order that is there"

    def _twice(self) -> None:
        check, told_to = self.checks["told-twice"], {}
        for shopper, lines in self.shoppers.items():
            ids = list(dict.fromkeys(line["order_id"] for line in lines
                                     if line["kind"] == "order" and line.get("order_id")))
            if len(ids) > 1:
                check.found(f"{shopper} was told of {len(ids)} orders: {', '.join(ids)}")
            for order_id in ids:
                if told_to.setdefault(order_id, shopper) != shopper:
                    check.found(f"order {order_id} was told to {told_to[order_id]} and to {shopper}")
        check.says = f"{len(told_to)} orders told, each to one key"

    def _no(self, sales: set) -> int:
        check, owners, unanswered = self.checks["told-no"], 0, 0
        for shopper, lines in self.shoppers.items():
            mine = [order_id for order_id in self.orders.get(shopper, [])
                    if not sales or int(order_id[:8], 16) in sales]
            if not mine:
                continue
            owners += 1
            kinds = {line["kind"] for line in lines}
            if "order" in kinds or kinds == {"not asked"}:
                continue
            # Without "nothing", every ask was answered, and each answer said: this ask left no trace.
            if "nothing" not in kinds or (len(sales) < 2 and self._asked_again_and_heard_no(lines)):
                check.found(f"{shopper} has order {mine[0]} and was told no")
            else:
                unanswered += 1
        check.says = f"{owners} shoppers have an order, {unanswered} of them have not been told yet"
        return unanswered

    @staticmethod
    def _asked_again_and_heard_no(lines: list) -> bool:
        """A no to an ask that began when the one without an answer had been given up."""
        def before(given_up: dict, no: dict) -> bool:
            end, begin = given_up["answered_at"], no["sent_at"]
            return end < begin if end != begin else given_up["attempt"] < no["attempt"]
        return any(before(given_up, no) for given_up in lines if given_up["kind"] == "nothing"
                   for no in lines if no["kind"] == "no")
