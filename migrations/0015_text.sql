-- What search compares in rows with text beyond ASCII: a JSON object of folded texts by the names
-- of their columns. If it is null, then `lower` of the column is the folded text. `fill.rs` fills
-- existing rows.
ALTER TABLE projects ADD COLUMN folded TEXT;
ALTER TABLE members ADD COLUMN folded TEXT;
ALTER TABLE teams ADD COLUMN folded TEXT;
