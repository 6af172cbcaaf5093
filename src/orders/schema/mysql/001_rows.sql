-- The rows that a shop's other systems read: a view of the journal at the bookmark.
--
-- Times are milliseconds since 1970 UTC (FROM_UNIXTIME(held_at / 1000) is what people read), ids and hashes are 16 bytes
-- (LOWER(HEX(id)) is what the API shows), money is in the currency's minor unit, pos is the place of a record in the
-- journal. Primary keys only: the ledger enforces every other rule, the audit proves it. All text is compared byte by
-- byte: with the servers' own collations "Ann" and "ann" would be one key.
-- DDL commits by itself, so that each statement here may be run again after a crash.

CREATE TABLE IF NOT EXISTS sales (
  id          VARCHAR(64) PRIMARY KEY,     -- "car"
  uid         BIGINT NOT NULL,
  title       VARCHAR(120) NOT NULL,
  stock       BIGINT NOT NULL,
  withdrawn   BIGINT NOT NULL,
  per_buyer   BIGINT NOT NULL,             -- 0: no limit
  price_minor BIGINT NOT NULL,
  currency    VARCHAR(3) NOT NULL,         -- '': no price
  state       VARCHAR(10) NOT NULL,        -- scheduled, open, paused, closed, retired
  starts_at   BIGINT NOT NULL,
  ends_at     BIGINT,                      -- NULL: open end
  hold_ms     BIGINT NOT NULL,             -- 0: a win is final at once
  orders_max  BIGINT NOT NULL,
  version     BIGINT NOT NULL,
  pos         BIGINT NOT NULL,             -- of the record that last changed the terms
  CONSTRAINT sales_state CHECK (state IN ('scheduled', 'open', 'paused', 'closed', 'retired'))
) ENGINE = InnoDB, CHARACTER SET utf8mb4, COLLATE utf8mb4_bin;

CREATE TABLE IF NOT EXISTS orders (
  made_pos   BIGINT PRIMARY KEY,           -- of the record that made it
  id         BINARY(16) NOT NULL,
  sale_id    VARCHAR(64) NOT NULL,
  buyer_id   VARCHAR(64) NOT NULL,
  idem_key   VARCHAR(64) NOT NULL,
  quantity   INT NOT NULL,
  units      VARCHAR(400) NOT NULL,        -- which pieces it has now, 1..stock: '[7]'; '[]' when it has ended
  state      VARCHAR(10) NOT NULL,         -- held, paid, cancelled, expired
  held_at    BIGINT NOT NULL,
  due_at     BIGINT,                       -- an estimate: the ledger's own clock decides. NULL: never
  paid_at    BIGINT,
  ended_at   BIGINT,                       -- cancelled or expired
  payment_id VARCHAR(64),
  pos        BIGINT NOT NULL,              -- of the record that last changed it
  CONSTRAINT orders_quantity CHECK (quantity BETWEEN 1 AND 32),
  CONSTRAINT orders_state CHECK (state IN ('held', 'paid', 'cancelled', 'expired'))
) ENGINE = InnoDB, CHARACTER SET utf8mb4, COLLATE utf8mb4_bin;

-- One row per piece that somebody has: who has it now.
CREATE OR REPLACE VIEW units AS
  SELECT sale_id, piece.unit AS unit, id AS order_id
  FROM orders, JSON_TABLE(units, '$[*]' COLUMNS (unit BIGINT PATH '$')) AS piece;

-- A payment id is taken once: that is "exactly one refund".
CREATE TABLE IF NOT EXISTS payments (
  id           VARCHAR(64) PRIMARY KEY,
  order_id     BINARY(16) NOT NULL,
  amount_minor BIGINT NOT NULL,
  outcome      VARCHAR(7) NOT NULL,        -- applied, refund
  pos          BIGINT NOT NULL,
  CONSTRAINT payments_outcome CHECK (outcome IN ('applied', 'refund'))
) ENGINE = InnoDB, CHARACTER SET utf8mb4, COLLATE utf8mb4_bin;

-- Records whose rows were refused by this database, to be read by a person.
CREATE TABLE IF NOT EXISTS quarantine (
  pos   BIGINT PRIMARY KEY,
  error TEXT NOT NULL,
  bytes LONGBLOB NOT NULL,
  at    BIGINT NOT NULL
) ENGINE = InnoDB, CHARACTER SET utf8mb4, COLLATE utf8mb4_bin;

-- How far these rows have come, and in which journal; written with them, in one transaction. One row, which is there from
-- the beginning, so that there is something to lock.
CREATE TABLE IF NOT EXISTS bookmark (
  one        INT PRIMARY KEY,
  journal_id BINARY(16),                   -- NULL: no journal has been consumed yet
  next_pos   BIGINT,
  last_hash  BINARY(16),
  clock_ms   BIGINT,
  digest     BIGINT,                       -- of the ledger there, as a signed number
  CONSTRAINT bookmark_one CHECK (one = 1)
) ENGINE = InnoDB, CHARACTER SET utf8mb4, COLLATE utf8mb4_bin;

INSERT IGNORE INTO bookmark (one) VALUES (1);
