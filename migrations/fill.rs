//! Changes of rows by migrations that SQL cannot express for both stores.

use text::{address, folded, nfc};

/// A change of rows. They are read in batches in the order of `tenant_id` and `id`, and written
/// again.
pub struct Fill {
    /// The next batch after tenant `$1` and id `$2`: tenant, id, and the columns that `change`
    /// reads.
    pub select: &'static str,
    /// Updates the row of tenant `$1` and id `$2`. The values that `change` returns are `$3` and
    /// those after it.
    pub update: &'static str,
    /// Maps the columns that were read to the columns that are written.
    pub change: fn(&[Option<String>]) -> Vec<Option<String>>,
}

/// Normalises text that was stored before text was kept in NFC (K-12) and folded for search.
/// Deleted rows are not searched, and ASCII does not change, so both are left out.
pub(crate) const TEXT: [Fill; 4] = [
    Fill {
        select: "SELECT tenant_id, id, name, description, labels, tags FROM projects \
                 WHERE deleted_at IS NULL AND (tenant_id, id) > ($1, $2) \
                 AND octet_length(name || COALESCE(description, '') || labels || tags) \
                 > length(name || COALESCE(description, '') || labels || tags) \
                 ORDER BY tenant_id, id LIMIT 500",
        update: "UPDATE projects SET name = $3, description = $4, labels = $5, tags = $6, \
                 folded = $7 WHERE tenant_id = $1 AND id = $2",
        change: |row| with_folded(row.iter().map(normal).collect(), &["name", "description"]),
    },
    Fill {
        select: "SELECT tenant_id, id, name, description FROM teams \
                 WHERE deleted_at IS NULL AND (tenant_id, id) > ($1, $2) \
                 AND octet_length(name || COALESCE(description, '')) \
                 > length(name || COALESCE(description, '')) \
                 ORDER BY tenant_id, id LIMIT 500",
        update: "UPDATE teams SET name = $3, description = $4, folded = $5 \
                 WHERE tenant_id = $1 AND id = $2",
        change: |row| with_folded(row.iter().map(normal).collect(), &["name", "description"]),
    },
    // If another row has the new e-mail address already, then the address stays, because two people
    // cannot become one.
    Fill {
        select: "SELECT tenant_id, id, name, department, email FROM members \
                 WHERE deleted_at IS NULL AND (tenant_id, id) > ($1, $2) \
                 AND octet_length(name || COALESCE(department, '') || email) \
                 > length(name || COALESCE(department, '') || email) \
                 ORDER BY tenant_id, id LIMIT 500",
        update: "UPDATE members SET name = $3, department = $4, email = CASE WHEN EXISTS \
                 (SELECT 1 FROM members o WHERE o.tenant_id = $1 AND o.email = $5 \
                 AND o.id <> $2 AND o.deleted_at IS NULL) THEN email ELSE $5 END, folded = $6 \
                 WHERE tenant_id = $1 AND id = $2",
        change: |row| {
            let mut row: Vec<_> = row.iter().map(normal).collect();
            row[2] = row[2].as_deref().map(address);
            with_folded(row, &["name", "department", "email"])
        },
    },
    Fill {
        select: "SELECT '', id, email FROM users WHERE (CAST('' AS TEXT), id) > ($1, $2) \
                 AND octet_length(email) > length(email) ORDER BY id LIMIT 500",
        update: "UPDATE users SET email = $3 WHERE CAST($1 AS TEXT) = '' AND id = $2 \
                 AND NOT EXISTS (SELECT 1 FROM users o WHERE o.email = $3 AND o.id <> $2)",
        change: |row| row.iter().map(|email| email.as_deref().map(address)).collect(),
    },
];

fn normal(text: &Option<String>) -> Option<String> {
    text.as_deref().map(|text| nfc(text).into_owned())
}

/// The row with the column `folded` added, which is made from its first columns.
fn with_folded(mut row: Vec<Option<String>>, names: &[&str]) -> Vec<Option<String>> {
    let texts = names.iter().zip(&row).filter_map(|(name, text)| Some((*name, text.as_deref()?)));
    let column = folded(texts);
    row.push(column);
    row
}
