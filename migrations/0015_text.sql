-- What search compares, of rows with text beyond ASCII: a JSON object of folded texts by the
-- names of their columns. Where it is null, `lower` of the column is the same. What there is
-- already is filled in by `fill.rs`.
ALTER TABLE projects ADD COLUMN folded TEXT;
ALTER TABLE members ADD COLUMN folded TEXT;
ALTER TABLE teams ADD COLUMN folded TEXT;
