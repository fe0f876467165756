//! What migrations do to rows that SQL cannot say on both stores.

use text::{address, folded, nfc};

/// Rows that are read in pieces, in the order of `tenant_id` and `id`, and written anew.
pub struct Fill {
    /// The next rows behind `$1` and `$2`: tenant, id, and the columns that `change` reads.
    pub select: &'static str,
    /// Writes the row of `$1` and `$2`; what `change` returns are `$3` and those after it.
    pub update: &'static str,
    /// From the columns that were read to those that are written.
    pub change: fn(&[Option<String>]) -> Vec<Option<String>>,
}

/// Text that was written before it was kept in NFC (K-12) and folded for search. What is
/// deleted is not searched, and ASCII stays as it is.
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
    // An address that another row has already stays: two people cannot become one.
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

/// The row with the column `folded` of its first columns.
fn with_folded(mut row: Vec<Option<String>>, names: &[&str]) -> Vec<Option<String>> {
    let texts = names.iter().zip(&row).filter_map(|(name, text)| Some((*name, text.as_deref()?)));
    let column = folded(texts);
    row.push(column);
    row
}
