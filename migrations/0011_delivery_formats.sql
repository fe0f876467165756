-- The format in which an endpoint gets events.
ALTER TABLE webhook_endpoints ADD COLUMN format TEXT NOT NULL DEFAULT 'EVENT';
