-- The rows that a shop's other systems read: a view of the journal at the bookmark.
--
-- Times are milliseconds since 1970 UTC (datetime(held_at / 1000, 'unixepoch') is what people read), ids and hashes are
-- 16 bytes (hex(id) is what the API shows, in lower case), money is in the currency's minor unit, pos is the place of a
-- record in the journal. Primary keys only: the ledger enforces every other rule, the audit proves it.

CREATE TABLE sales (
  id          TEXT PRIMARY KEY NOT NULL,  -- "car"
  uid         INTEGER NOT NULL,
  title       TEXT NOT NULL,
  stock       INTEGER NOT NULL,
  withdrawn   INTEGER NOT NULL,
  per_buyer   INTEGER NOT NULL,           -- 0: no limit
  price_minor INTEGER NOT NULL,
  currency    TEXT NOT NULL,              -- '': no price
  state       TEXT NOT NULL CHECK (state IN ('scheduled', 'open', 'paused', 'closed', 'retired')),
  starts_at   INTEGER NOT NULL,
  ends_at     INTEGER,                    -- NULL: open end
  hold_ms     INTEGER NOT NULL,           -- 0: a win is final at once
  orders_max  INTEGER NOT NULL,
  version     INTEGER NOT NULL,
  pos         INTEGER NOT NULL            -- of the record that last changed the terms
) STRICT, WITHOUT ROWID;

CREATE TABLE orders (
  id         BLOB PRIMARY KEY NOT NULL CHECK (length(id) = 16),
  sale_id    TEXT NOT NULL,
  buyer_id   TEXT NOT NULL,
  idem_key   TEXT NOT NULL,
  quantity   INTEGER NOT NULL CHECK (quantity BETWEEN 1 AND 32),
  state      TEXT NOT NULL  -- compared one by one: for IN, SQLite would make a table of its own at each insert
             CHECK (state = 'held' OR state = 'paid' OR state = 'cancelled' OR state = 'expired'),
  held_at    INTEGER NOT NULL,
  due_at     INTEGER,                     -- an estimate: the ledger's own clock decides. NULL: never
  paid_at    INTEGER,
  ended_at   INTEGER,                     -- cancelled or expired
  payment_id TEXT,
  pos        INTEGER NOT NULL             -- of the record that last changed it
) STRICT;

-- One row per piece that was ever given: who has it now.
CREATE TABLE units (
  sale_id  TEXT NOT NULL,
  unit     INTEGER NOT NULL CHECK (unit >= 1),
  order_id BLOB CHECK (length(order_id) = 16),
  PRIMARY KEY (sale_id, unit)
) STRICT, WITHOUT ROWID;

-- A payment id is taken once: that is "exactly one refund".
CREATE TABLE payments (
  id           TEXT PRIMARY KEY NOT NULL,
  order_id     BLOB NOT NULL CHECK (length(order_id) = 16),
  amount_minor INTEGER NOT NULL,
  outcome      TEXT NOT NULL CHECK (outcome IN ('applied', 'refund')),
  pos          INTEGER NOT NULL
) STRICT;

-- How far these rows have come, and in which journal; written with them, in one transaction. One row.
CREATE TABLE bookmark (
  journal_id BLOB PRIMARY KEY NOT NULL CHECK (length(journal_id) = 16),
  next_pos   INTEGER NOT NULL,
  last_hash  BLOB NOT NULL CHECK (length(last_hash) = 16),
  clock_ms   INTEGER NOT NULL,
  digest     INTEGER NOT NULL             -- of the ledger there, as a signed number
) STRICT;

-- Records whose rows were refused by this database, to be read by a person.
CREATE TABLE quarantine (
  pos   INTEGER PRIMARY KEY NOT NULL,
  error TEXT NOT NULL,
  bytes BLOB NOT NULL,
  at    INTEGER NOT NULL
) STRICT;
