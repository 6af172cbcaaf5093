"""A finding and its weight; the report made of them."""

import json
from dataclasses import dataclass, field

EXAMPLES_MAX = 10

# Which promise (docs/architecture.md, "What always holds") a check stands for. The names are those of
# `seckill audit`, so that two reports can be laid side by side.
PROMISES = {
    "journal": "I9", "bookmark": "I9", "oversold": "I1", "double": "I1", "limit": "I4",
    "rows-missing": "I2", "rows-unknown": "I2", "orders-differ": "I8", "units-differ": "I3",
    "payments-differ": "I7", "sales-differ": "I6", "conservation": "I3", "quarantine": "I6",
    "transcript": "", "told-won": "I2", "told-twice": "I5", "told-no": "I5",
}


@dataclass
class Check:
    name: str
    weight: str = "violation"  # or "unproven": the proof is not whole, and nothing is broken
    says: str = ""
    broken: int = 0
    examples: list = field(default_factory=list)

    def found(self, sentence: str) -> None:
        self.broken += 1
        if len(self.examples) < EXAMPLES_MAX:
            self.examples.append(sentence)

    def same(self, what: str, is_: dict, should: dict) -> None:
        """Each field of a row is what the replay says; the first that is not is named."""
        for name, wanted in should.items():
            if is_[name] != wanted:
                return self.found(f"{what}: {name} is {is_[name]}, should be {wanted}")
        return None


class Checks(dict):
    """The checks of one audit, in the order of their first use."""

    def __missing__(self, name: str) -> Check:
        self[name] = Check(name)
        return self[name]

    def exit_code(self, behind: int) -> int:
        broken = [check for check in self.values() if check.broken]
        if any(check.weight == "violation" for check in broken):
            return 4
        return 1 if broken or behind else 0

    def text(self, sums: dict, behind: int, notes: list) -> str:
        lines = []
        for check in self.values():
            sign = "ok " if not check.broken else "BAD" if check.weight == "violation" else "?  "
            count = f": broken, {check.broken} found" if check.broken else ""
            lines.append(f"{sign} {PROMISES.get(check.name, ''):<3} {check.name:<15} {check.says}{count}")
            lines += [f"        {example}" for example in check.examples]
        lines += [f"not proven here: {note}" for note in notes]
        lines.append(("proven", "not proven", "", "", "BROKEN")[self.exit_code(behind)] + ": "
                     + ", ".join(f"{name} {value}" for name, value in sums.items()))
        return "\n".join(lines)

    def json(self, sums: dict, behind: int, notes: list) -> str:
        code = self.exit_code(behind)
        return json.dumps({
            "proven": code == 0, "violated": code == 4, "sums": sums, "not_proven_here": notes,
            "checks": [{"name": check.name, "holds": not check.broken, "weight": check.weight,
                        "says": check.says, "broken": check.broken, "examples": check.examples}
                       for check in self.values()]}, indent=2)
