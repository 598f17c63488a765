-- The job store of the batch runner (SQLite, WAL). Instants are integer microseconds since 1970 UTC; money is integer
-- pico-dollars (USD × 10^12); NULL = not known (yet).
create table if not exists items (
  item_no integer primary key,          -- order of enqueueing
  job text not null,                    -- name of the job
  key text not null,                    -- the caller's own key; unique in the job
  model text not null,                  -- model of the request, as the caller wrote it
  params text not null,                 -- what messages.create takes, JSON
  bytes integer not null,               -- size of params as sent, UTF-8
  metadata text,                        -- the caller's own, JSON; handed back with the result, never sent
  state text not null default 'queued' check (state in (
    'queued',                           -- waits to be sent
    'claimed',                          -- in a batch whose creation is intended or in doubt
    'submitted',                        -- in a batch that exists
    'succeeded',                        -- its result is here, not yet delivered
    'delivered',                        -- its result is at the destination
    'dead'                              -- needs a person; reason says why
  )),
  attempts integer not null default 0,  -- how often it was claimed
  not_before_us integer not null default 0,
  reason text,                          -- why it is dead or was queued again
  result text,                          -- the message, JSON; dropped after delivery
  cost_pico integer,                    -- list cost from the usage that came back
  delivery_no integer,                  -- the delivery that carries it
  unique (job, key)
) strict;
create index if not exists items_by_state on items (job, state, item_no);
create index if not exists items_by_delivery on items (delivery_no) where delivery_no is not null;

create table if not exists batches (
  batch_no integer primary key,
  job text not null,
  state text not null check (state in (
    'intent',                           -- written before the POST
    'submitted',                        -- the provider has it
    'in-doubt',                         -- sent, and nobody knows what became of it
    'refused',                          -- the provider said no; its items are queued again
    'absent',                           -- was in doubt; a person let it be taken for never created
    'collected'                         -- every item has its outcome
  )),
  provider_id text unique,              -- the provider's id of the batch
  item_count integer not null,
  intended_us integer not null,
  created_us integer,
  ended_us integer,
  estimate_pico integer,                -- base case; NULL = no price
  reason text,
  reads integer not null default 0,     -- how often its results were read to the end
  strange_results integer not null default 0  -- results with a custom_id that nobody sent
) strict;
create index if not exists batches_by_state on batches (job, state);

create table if not exists sendings (
  custom_id text primary key,           -- random, unique for ever, says nothing of the customer
  batch_no integer not null references batches (batch_no),
  item_no integer not null references items (item_no),
  outcome text                          -- type of the result; NULL = none yet
) strict;
create index if not exists sendings_by_batch on sendings (batch_no);

create table if not exists deliveries (
  delivery_no integer primary key,
  job text not null,
  destination text not null,            -- absolute path of the file
  start_byte integer not null,          -- size of the file when the delivery was intended
  is_pending integer not null default 1
) strict;
create unique index if not exists one_pending_delivery on deliveries (destination) where is_pending = 1;
