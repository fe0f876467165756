//! Filters: from their spellings to one form, and to SQL (K-29).

use super::select::Sql;
use super::{Literal, Problems, bracketed, is_column, list, named, snake, value};
use crate::contract::{Field, Kind, Resource};

/// The most values of `in` and `nin`.
const VALUES: usize = 100;

/// How a field is compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs, reason = "they are the operators of K-29")]
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
}

/// The operators as they are spelled, behind a colon or, with `_`, at the end of a name.
const OPERATORS: [(&str, Op); 10] = [
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
];

/// Suffixes of times: `created_after` is `created_at:gt` (D-18).
const MOMENTS: [(&str, Op); 2] = [("_after", Op::Gt), ("_before", Op::Lt)];

/// One condition.
#[derive(Clone, Debug, PartialEq)]
pub struct Filter {
    /// What is compared.
    pub field: &'static Field,
    /// In a map: of which name.
    pub key: Option<String>,
    /// How.
    pub op: Op,
    /// With what; several for `in` and `nin` only.
    pub values: Vec<Literal>,
}

impl PartialEq for Field {
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name
    }
}

/// Reads one query parameter as a filter. `others` are the parameters that there are beside
/// filters, for who asks for none of them.
pub(super) fn parse(
    resource: &'static Resource,
    others: &str,
    name: &str,
    text: &str,
    problems: &mut Problems,
) -> Option<Filter> {
    let Some((field, key, op)) = target(resource, name) else {
        let known = resource.fields.iter().filter(|field| can_filter(field));
        let message = format!(
            "Is not a parameter of this list. It knows {others}, and filters by: {}.",
            list(known.map(|field| field.name))
        );
        problems.unknown(name, "UNKNOWN_PARAMETER", message);
        return None;
    };
    let allowed = operators(field.kind);
    if !allowed.contains(&op) {
        let known = OPERATORS.iter().filter(|(_, op)| allowed.contains(op));
        let known = list(known.map(|(name, _)| *name));
        let message = format!("`{}` is compared by: {known}.", field.name);
        problems.unknown(name, "UNKNOWN_OPERATOR", message);
        return None;
    }
    let texts: Vec<&str> = match op {
        Op::In | Op::Nin => text.split(',').collect(),
        _ => vec![text],
    };
    if texts.len() > VALUES {
        problems.wrong(name, "TOO_MANY_ITEMS", format!("Must have at most {VALUES} items."));
        return None;
    }
    let values = texts.iter().map(|text| value::parse(name, field, text, problems));
    let values = values.collect::<Option<Vec<_>>>()?;
    Some(Filter { field, key, op, values })
}

fn can_filter(field: &Field) -> bool {
    (field.filter || field.name == "id") && is_column(field)
}

fn operators(kind: Kind) -> &'static [Op] {
    use Op::{Contains, Eq, Gt, Gte, In, Lt, Lte, Ne, Nin, Prefix};
    match kind {
        Kind::Text => &[Eq, Ne, In, Nin, Gt, Gte, Lt, Lte, Contains, Prefix],
        Kind::Integer | Kind::Timestamp => &[Eq, Ne, In, Nin, Gt, Gte, Lt, Lte],
        Kind::Enum(_) | Kind::Map => &[Eq, Ne, In, Nin],
        Kind::Boolean => &[Eq, Ne],
        Kind::List => &[Eq, Ne, In, Nin, Contains],
    }
}

/// What a parameter's name means.
fn target(resource: &'static Resource, name: &str) -> Option<(&'static Field, Option<String>, Op)> {
    if let Some(inner) = name.strip_prefix("filter[").and_then(|rest| rest.strip_suffix(']')) {
        return match inner.split_once("][") {
            Some((field, op)) => with_operator(resource, field, op),
            None => target(resource, inner),
        };
    }
    if let Some((field, op)) = name.split_once(':') {
        return with_operator(resource, field, op);
    }
    if let Some((field, key)) = plain(resource, name) {
        return Some((field, key, Op::Eq));
    }
    let name = snake(name);
    for (suffix, op) in MOMENTS {
        if let Some(base) = name.strip_suffix(suffix) {
            let field = named(resource, &format!("{base}_at"));
            if let Some(field) = field.filter(|it| it.kind == Kind::Timestamp && can_filter(it)) {
                return Some((field, None, op));
            }
        }
    }
    OPERATORS.iter().find_map(|(spelling, op)| {
        let base = name.strip_suffix(spelling)?.strip_suffix('_')?;
        plain(resource, base).map(|(field, key)| (field, key, *op))
    })
}

fn with_operator(
    resource: &'static Resource,
    name: &str,
    op: &str,
) -> Option<(&'static Field, Option<String>, Op)> {
    let (_, op) = OPERATORS.iter().find(|(spelling, _)| *spelling == op)?;
    plain(resource, name).map(|(field, key)| (field, key, *op))
}

/// A field, or a name of a map: `labels[env]`.
fn plain(resource: &'static Resource, name: &str) -> Option<(&'static Field, Option<String>)> {
    let base = name.split('[').next().unwrap_or_default();
    let field = named(resource, base).filter(|field| can_filter(field))?;
    match (field.kind, base == name) {
        (Kind::Map, false) => {
            let key = bracketed(name, base)?;
            let fits = !key.is_empty() && !key.chars().any(char::is_control);
            fits.then(|| (field, Some(key.to_owned())))
        }
        (Kind::Map, true) | (_, false) => None,
        (_, true) => Some((field, None)),
    }
}

impl Filter {
    /// One text for equal filters, however they were spelled.
    pub(super) fn canonical(&self) -> String {
        format!("{} {:?} {:?} {:?}", self.field.name, self.key, self.op, self.values)
    }

    /// Appends the condition.
    pub(super) fn write(&self, sql: &mut Sql) {
        let column = self.field.name;
        match (self.field.kind, self.op) {
            (Kind::List | Kind::Map, op) => self.write_member(sql, op),
            (_, Op::In | Op::Nin) => {
                let not = if self.op == Op::Nin { "NOT " } else { "" };
                sql.push(&format!("{column} {not}IN ("));
                for (index, value) in self.values.iter().enumerate() {
                    sql.push(if index == 0 { "" } else { ", " });
                    sql.bind(value.clone());
                }
                sql.push(")");
            }
            (_, Op::Contains) => {
                sql.push(&format!("lower({column}) LIKE "));
                sql.bind(containing(&self.values[0]));
                sql.push(" ESCAPE '!'");
            }
            (_, Op::Prefix) => {
                sql.push(&format!("lower({column}) LIKE "));
                sql.bind(Literal::Text(format!("{}%", escaped(&self.values[0]))));
                sql.push(" ESCAPE '!'");
            }
            (_, op) => {
                let symbol = match op {
                    Op::Ne => "<>",
                    Op::Gt => ">",
                    Op::Gte => ">=",
                    Op::Lt => "<",
                    Op::Lte => "<=",
                    _ => "=",
                };
                sql.push(&format!("{column} {symbol} "));
                sql.bind(self.values[0].clone());
            }
        }
    }

    /// Lists and maps are compact JSON text. A quote inside of a string is escaped there, so
    /// `"x"` is found only where it is a whole item, and `"k":"x"` only where it is a member.
    /// What `replace` leaves as it was does not hold it; unlike LIKE it heeds the case.
    fn write_member(&self, sql: &mut Sql, op: Op) {
        let (comparison, join) = match op {
            Op::Ne | Op::Nin => ("=", " AND "),
            _ => ("<>", " OR "),
        };
        let column = self.field.name;
        sql.push("(");
        for (index, value) in self.values.iter().enumerate() {
            let Literal::Text(text) = value else { continue };
            let text = serde_json::Value::from(text.as_str()).to_string();
            let needle = match &self.key {
                Some(key) => format!("{}:{text}", serde_json::Value::from(key.as_str())),
                None => text,
            };
            sql.push(if index == 0 { "" } else { join });
            sql.push(&format!("replace({column}, "));
            sql.bind(Literal::Text(needle));
            sql.push(&format!(", '') {comparison} {column}"));
        }
        sql.push(")");
    }
}

/// A LIKE pattern for text that is somewhere.
pub(super) fn containing(value: &Literal) -> Literal {
    Literal::Text(format!("%{}%", escaped(value)))
}

/// In lower case, of ASCII only: what `lower` does with a column, on both stores.
fn escaped(value: &Literal) -> String {
    let Literal::Text(text) = value else { return String::new() };
    text.to_ascii_lowercase().replace('!', "!!").replace('%', "!%").replace('_', "!_")
}
