-- Orders are keyed by the place of the RESERVE that made them, which grows: rows are appended, where random ids touched a
-- page each. And the pieces of an order stand in its row; one row per piece is a view. See docs/decisions/0013.
--
-- The rows are a view of the journal, so they need no conversion: they go back to its first record, and the consumer
-- stores them again from there. The bookmark keeps the name of its journal (last_hash of the first record is that name), so rows of
-- another journal are still refused.

DROP TABLE units;
DROP TABLE orders;
DELETE FROM sales;
DELETE FROM payments;
DELETE FROM quarantine;

CREATE TABLE orders (
  made_pos   INTEGER PRIMARY KEY NOT NULL, -- of the record that made it
  id         BLOB NOT NULL CHECK (length(id) = 16),
  sale_id    TEXT NOT NULL,
  buyer_id   TEXT NOT NULL,
  idem_key   TEXT NOT NULL,
  quantity   INTEGER NOT NULL CHECK (quantity BETWEEN 1 AND 32),
  units      TEXT NOT NULL,                -- which pieces it has now, 1..stock: '[7]'; '[]' when it has ended
  state      TEXT NOT NULL  -- compared one by one: for IN, SQLite would make a table of its own at each insert
             CHECK (state = 'held' OR state = 'paid' OR state = 'cancelled' OR state = 'expired'),
  held_at    INTEGER NOT NULL,
  due_at     INTEGER,                      -- an estimate: the ledger's own clock decides. NULL: never
  paid_at    INTEGER,
  ended_at   INTEGER,                      -- cancelled or expired
  payment_id TEXT,
  pos        INTEGER NOT NULL              -- of the record that last changed it
) STRICT;

-- One row per piece that somebody has: who has it now.
CREATE VIEW units AS
  SELECT sale_id, piece.value AS unit, orders.id AS order_id FROM orders, json_each(orders.units) AS piece;

-- The digest of every ledger that knows record 0 and nothing else: a tick at time 0.
UPDATE bookmark SET next_pos = 1, last_hash = journal_id, clock_ms = 0, digest = -2217774592495506696;
