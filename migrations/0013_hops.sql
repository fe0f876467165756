-- How often a webhook had been delivered before it came: 0 for those that another product has made.
ALTER TABLE inbound_events ADD COLUMN hops BIGINT NOT NULL DEFAULT 0;
