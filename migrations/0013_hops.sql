-- How many times a webhook had been delivered before it came. 0 if another product made it.
ALTER TABLE inbound_events ADD COLUMN hops BIGINT NOT NULL DEFAULT 0;
