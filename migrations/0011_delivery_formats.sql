-- In what form an endpoint gets events.
ALTER TABLE webhook_endpoints ADD COLUMN format TEXT NOT NULL DEFAULT 'EVENT';
