//! Filters: they are parsed from all spellings into one form, and written as SQL (K-29).

use protocol::case::snake;

use super::names::{is_column, list, named};
use super::op::{OPERATORS, Op, operator, operators};
use super::problems::Problems;
use super::sql::Sql;
use super::value;
use crate::Value;
use crate::contract::{Field, Kind, Resource};

/// The most values of `in` or `nin`.
const VALUES: usize = 100;

/// Suffixes of timestamp names: `created_after` means `created_at:gt` (D-18).
const MOMENTS: [(&str, Op); 2] = [("_after", Op::Gt), ("_before", Op::Lt)];

/// One condition.
#[derive(Clone, Debug, PartialEq)]
pub struct Filter {
    /// The field that is compared.
    pub field: &'static Field,
    /// For a map: the name in it that is compared.
    pub key: Option<String>,
    /// How it is compared.
    pub op: Op,
    /// The values to compare with; only `in` and `nin` have several.
    pub values: Vec<Value>,
}

/// Reads one query parameter as a filter. `others` names the parameters that the list has besides
/// filters. The error message for an unknown name lists them.
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
    if op == Op::Null {
        let value = value::parse_boolean(name, text, problems)?;
        return Some(Filter { field, key, op, values: vec![value] });
    }
    let texts = match op {
        Op::In | Op::Nin => value::items(name, text, problems)?,
        _ => vec![text.into()],
    };
    if texts.len() > VALUES {
        problems.wrong(name, "TOO_MANY_ITEMS", format!("Must have at most {VALUES} items."));
        return None;
    }
    let values = texts.iter().map(|text| value::parse_operand(name, field, op, text, problems));
    let values = values.collect::<Option<Vec<_>>>()?;
    Some(Filter { field, key, op, values })
}

fn can_filter(field: &Field) -> bool {
    (field.filter || field.name == "id") && is_column(field)
}

/// The target of a filter: a field, for a map a name in it, and the comparison.
type Target = (&'static Field, Option<String>, Op);

/// The target that a parameter's name means.
fn target(resource: &'static Resource, name: &str) -> Option<Target> {
    if let Some(inner) = name.strip_prefix("filter[").and_then(|rest| rest.strip_suffix(']')) {
        return in_brackets(resource, inner);
    }
    if let Some((base, rest)) = name.split_once('[') {
        return member(resource, base, rest);
    }
    if let Some((field, op)) = name.split_once(':') {
        return scalar(resource, field, operator(op)?);
    }
    if let Some(found) = scalar(resource, name, Op::Eq) {
        return Some(found);
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
        scalar(resource, base, *op)
    })
}

/// Reads the text between `filter[` and `]`: `status`, `status][in`, `labels[env]`,
/// `labels[env]][in`. Some libraries nest objects: `labels][env` and `labels][env][in`.
fn in_brackets(resource: &'static Resource, inner: &str) -> Option<Target> {
    let end = inner.find(['[', ']']).unwrap_or(inner.len());
    let (base, rest) = inner.split_at(end);
    let is_map = named(resource, base).is_some_and(|field| field.kind == Kind::Map);
    match rest.strip_prefix("][") {
        None if rest.is_empty() => target(resource, inner),
        None => {
            let rest = rest.strip_prefix('[')?;
            match rest.rsplit_once("]][").and_then(|(key, op)| Some((key, operator(op)?))) {
                Some((key, op)) => named_member(resource, base, key, op),
                None => member(resource, base, rest),
            }
        }
        Some(rest) if is_map => {
            match rest.rsplit_once("][").and_then(|(key, op)| Some((key, operator(op)?))) {
                Some((key, op)) => named_member(resource, base, key, op),
                None => named_member(resource, base, rest, Op::Eq),
            }
        }
        Some(op) => scalar(resource, base, operator(op)?),
    }
}

/// Reads the text behind `labels[`, such as `env]`, `env]:in` or `env]_in`: a name in a map and the
/// comparison of its value. The name is data, so it may hold characters that have a meaning
/// elsewhere.
fn member(resource: &'static Resource, base: &str, rest: &str) -> Option<Target> {
    if let Some(key) = rest.strip_suffix(']') {
        return named_member(resource, base, key, Op::Eq);
    }
    let (key, suffix) = rest.rsplit_once(']')?;
    named_member(resource, base, key, operator(suffix.strip_prefix([':', '_'])?)?)
}

fn named_member(resource: &'static Resource, base: &str, key: &str, op: Op) -> Option<Target> {
    let field = named(resource, base).filter(|field| can_filter(field))?;
    let fits = field.kind == Kind::Map && !key.is_empty() && !key.chars().any(char::is_control);
    fits.then(|| (field, Some(text::nfc(key).into_owned()), op))
}

/// A field that is compared as a whole.
fn scalar(resource: &'static Resource, name: &str, op: Op) -> Option<Target> {
    let field = named(resource, name).filter(|field| can_filter(field))?;
    (field.kind != Kind::Map).then_some((field, None, op))
}

impl Filter {
    /// One text for equal filters, whatever their spelling.
    pub(super) fn canonical(&self) -> String {
        format!("{} {:?} {:?} {:?}", self.field.name, self.key, self.op, self.values)
    }

    /// Appends the condition. It is never NULL in SQL: a field without a value is not equal to any
    /// value, so `ne` and `nin` find it.
    pub(super) fn write(&self, sql: &mut Sql) {
        let column = self.field.name;
        let symbol = match self.op {
            _ if matches!(self.field.kind, Kind::List | Kind::Map) => {
                return self.write_members(sql);
            }
            Op::Null => {
                let not = if self.is_wanted() { "" } else { "NOT " };
                return sql.push(&format!("{column} IS {not}NULL"));
            }
            Op::Ne | Op::Nin if self.field.nullable => {
                sql.push(&format!("({column} IS NULL OR "));
                self.write_among(sql);
                return sql.push(")");
            }
            Op::In | Op::Nin | Op::Ne => return self.write_among(sql),
            Op::Contains => {
                sql.folded(self.field.name);
                sql.bind(containing(&self.values[0]));
                return sql.push(" ESCAPE '!'");
            }
            Op::Prefix => {
                sql.folded(self.field.name);
                sql.bind(Value::Text(format!("{}%", escaped(&self.values[0]))));
                return sql.push(" ESCAPE '!'");
            }
            Op::Gt => ">",
            Op::Gte => ">=",
            Op::Lt => "<",
            Op::Lte => "<=",
            Op::Eq => "=",
        };
        sql.push(&format!("{column} {symbol} "));
        sql.bind(self.values[0].clone());
    }

    /// Appends `ne`, `in` or `nin` for a column.
    fn write_among(&self, sql: &mut Sql) {
        let column = self.field.name;
        if self.op == Op::Ne {
            sql.push(&format!("{column} <> "));
            return sql.bind(self.values[0].clone());
        }
        let not = if self.op == Op::Nin { "NOT " } else { "" };
        sql.push(&format!("{column} {not}IN ("));
        for (index, value) in self.values.iter().enumerate() {
            sql.push(if index == 0 { "" } else { ", " });
            sql.bind(value.clone());
        }
        sql.push(")");
    }

    /// Appends the condition for a list or map. The column is JSON text. The database takes it
    /// apart, so members are compared as values and not as parts of the text.
    fn write_members(&self, sql: &mut Sql) {
        let not = match self.op {
            Op::Ne | Op::Nin => true,
            Op::Null => self.is_wanted(),
            _ => false,
        };
        sql.push(if not { "NOT EXISTS (SELECT 1 FROM " } else { "EXISTS (SELECT 1 FROM " });
        sql.members(self.field);
        sql.push(" WHERE ");
        if let Some(key) = &self.key {
            sql.push("member.key = ");
            sql.bind(Value::Text(key.clone()));
        }
        if self.op != Op::Null {
            sql.push(if self.key.is_some() {
                " AND member.value IN ("
            } else {
                "member.value IN ("
            });
            for (index, value) in self.values.iter().enumerate() {
                sql.push(if index == 0 { "" } else { ", " });
                sql.bind(value.clone());
            }
            sql.push(")");
        }
        sql.push(")");
    }

    /// Whether `null` asks for objects without a value (`null=true`).
    fn is_wanted(&self) -> bool {
        self.values.first() == Some(&Value::Integer(1))
    }
}

/// A LIKE pattern that finds the text anywhere in a column.
pub(super) fn containing(value: &Value) -> Value {
    Value::Text(format!("%{}%", escaped(value)))
}

/// The text for a LIKE pattern: folded as searched columns are, and with the wildcards escaped.
fn escaped(value: &Value) -> String {
    let Value::Text(text) = value else { return String::new() };
    text::fold(text).replace('!', "!!").replace('%', "!%").replace('_', "!_")
}
