-- The job store of the batch runner (SQLite, WAL). Instants are integer microseconds since 1970 UTC; money is integer
-- pico-dollars (USD × 10^12); NULL = not known (yet). A `holder` is the name of a process at work (lease.py).
create table if not exists items (
  item_no integer primary key,          -- order of enqueueing
  job text not null,                    -- name of the job
  key text not null,                    -- the caller's own key; unique in the job, for ever
  model text not null,                  -- model of the request, as the caller wrote it
  bytes integer not null,               -- size of params as sent, UTF-8
  enqueued_us integer not null,
  needed_by_us integer,                 -- NULL = no deadline
  state text not null default 'queued' check (state in (
    'queued',                           -- waits to be sent
    'claimed',                          -- in a batch whose creation is intended or in doubt
    'submitted',                        -- in a batch that exists
    'succeeded',                        -- its answer is here, not yet delivered
    'delivered',                        -- its answer is at the destination
    'canceled',                         -- given up, as asked
    'dead'                              -- needs a person; reason says why
  )),
  route text not null default 'batch' check (route in ('batch', 'direct')),  -- direct: the guard sends it alone
  attempts integer not null default 0,  -- how often it was claimed
  expiries integer not null default 0,  -- how often its batch expired: each one halves the batch it goes into next
  not_before_us integer not null default 0,
  checked_us integer,                   -- when preflight found nothing against it and priced it
  input_tokens integer,                 -- as the provider counted them; NULL = not counted
  low_pico integer,                     -- list cost in a batch; NULL = no price
  base_pico integer,
  high_pico integer,
  direct_pico integer,                  -- list cost of the high case, synchronous
  reason text,                          -- why it is dead or was queued again
  delivery_no integer,                  -- the delivery that carries it
  done_us integer,                      -- when it was delivered, canceled or died
  unique (job, key)
) strict;
create index if not exists items_queued on items (job, route, ifnull(needed_by_us, 9223372036854775807), item_no)
  where state = 'queued';
create index if not exists items_succeeded on items (job, item_no) where state = 'succeeded';
create index if not exists items_by_delivery on items (delivery_no) where delivery_no is not null;

create table if not exists requests (
  item_no integer primary key references items (item_no),
  params text not null,                 -- what messages.create takes, JSON
  metadata text                         -- the caller's own, JSON; handed back with the answer, never sent
) strict;

create table if not exists answers (
  item_no integer primary key references items (item_no),
  message text not null,                -- the message, JSON in ASCII; the whole result where its type is unknown
  bytes integer not null
) strict;

create table if not exists batches (
  batch_no integer primary key,
  job text not null,
  kind text not null check (kind in ('batch', 'direct')),  -- direct: one synchronous call of the guard
  token text not null unique,           -- random; begins the custom_ids, says nothing of the customer
  state text not null check (state in (
    'intent',                           -- written before the POST
    'submitted',                        -- the provider has it
    'in-doubt',                         -- sent, and nobody knows what became of it
    'refused',                          -- the provider said no; its items are queued again
    'absent',                           -- was in doubt; a person let it be taken for never created
    'lost',                             -- a direct call without an answer; counted at its high estimate
    'collected'                         -- every item has its outcome
  )),
  holder text,                          -- who sends it or reads its results; NULL = nobody
  provider_id text unique,              -- the provider's id of the batch
  item_count integer not null,
  bytes integer not null,               -- of the body, as sent
  intended_us integer not null,
  doubted_us integer,
  absent_us integer,                    -- when its absence was assumed
  may_exist integer not null default 0, -- absent: another batch could be it, and can no longer be told apart
  created_us integer,
  ended_us integer,
  low_pico integer,                     -- estimate; NULL = an item has no price
  base_pico integer,
  high_pico integer,
  actual_pico integer,                  -- by usage, when collected
  unpriced integer not null default 0,  -- answers without a price, and results that never came
  canceler text check (canceler in ('person', 'guard')),  -- who wants it canceled; NULL = nobody
  reason text,
  retry_at_us integer,                  -- refused: not before
  is_lasting integer not null default 0,  -- refused, or not to be read: a person has to change something first
  readings integer not null default 0,  -- how often reading its results was begun
  reads integer not null default 0,     -- how often they were read to the end
  strange_results integer not null default 0,   -- of the last whole reading: ids that nobody sent in this batch
  duplicate_results integer not null default 0  -- of the last whole reading: second results for an item
) strict;
create index if not exists batches_by_state on batches (job, state);

create table if not exists strangers (
  provider_id text primary key          -- a batch of the workspace that is certainly none of this store
) strict, without rowid;

create table if not exists sendings (
  batch_no integer not null references batches (batch_no),
  item_no integer not null references items (item_no),  -- custom_id = token '-' item_no
  seen integer not null default 0,      -- number of the last reading that had its result
  outcome text,                         -- type of the result; NULL = none yet
  batch_pico integer,                   -- list cost of the answer in a batch, by its usage; NULL = no answer or no price
  direct_pico integer,                  -- the same, synchronous
  input_tokens integer,                 -- uncached
  write_tokens integer,
  read_tokens integer,
  output_tokens integer,
  primary key (batch_no, item_no)
) strict, without rowid;
create index if not exists sendings_by_item on sendings (item_no);

create table if not exists deliveries (
  delivery_no integer primary key,
  job text not null,
  destination text not null,            -- its name: kind and place, no secrets
  mark integer not null,                -- where the destination stood when the delivery was intended
  holder text,
  is_pending integer not null default 1,
  failures integer not null default 0,
  not_before_us integer not null default 0,
  reason text
) strict;
create unique index if not exists one_pending_delivery on deliveries (destination) where is_pending = 1;
