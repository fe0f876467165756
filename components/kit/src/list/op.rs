//! How fields are compared: the operators of filters, and the kinds of fields that have them.

use crate::contract::Kind;

/// How a field is compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs, reason = "they are the operators of filters (K-29)")]
pub enum Op {
    Eq,
    Ne,
    In,
    Nin,
    Gt,
    Gte,
    Lt,
    Lte,
    Contains,
    Prefix,
    Null,
}

/// The operators by their spelling, which stands behind a colon or, with `_`, at the end of a name.
pub(super) const OPERATORS: [(&str, Op); 11] = [
    ("eq", Op::Eq),
    ("ne", Op::Ne),
    ("in", Op::In),
    ("nin", Op::Nin),
    ("gt", Op::Gt),
    ("gte", Op::Gte),
    ("lt", Op::Lt),
    ("lte", Op::Lte),
    ("contains", Op::Contains),
    ("prefix", Op::Prefix),
    ("null", Op::Null),
];

/// The operators of fields of this kind.
pub(super) fn operators(kind: Kind) -> &'static [Op] {
    use Op::{Contains, Eq, Gt, Gte, In, Lt, Lte, Ne, Nin, Null, Prefix};
    match kind {
        Kind::Text | Kind::Email => &[Eq, Ne, In, Nin, Gt, Gte, Lt, Lte, Contains, Prefix, Null],
        Kind::Integer | Kind::Timestamp => &[Eq, Ne, In, Nin, Gt, Gte, Lt, Lte, Null],
        Kind::Enum(_) | Kind::Map => &[Eq, Ne, In, Nin, Null],
        Kind::Boolean => &[Eq, Ne, Null],
        // A list may be empty, and is never null.
        Kind::List => &[Eq, Ne, In, Nin, Contains],
    }
}

/// The operator with this spelling.
pub(super) fn operator(spelling: &str) -> Option<Op> {
    OPERATORS.iter().find(|(known, _)| *known == spelling).map(|(_, op)| *op)
}
