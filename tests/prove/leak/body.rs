//! Random bodies: most of them keep the contract, and some break it.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use protocol::contract::{Format, Schema};
use serde_json::{Map, Value, json};

use super::draft::Writer;
use super::operations::{OPERATIONS, collection};

/// The collections of the members that name other objects.
static RELATED: LazyLock<BTreeMap<&str, &str>> = LazyLock::new(|| {
    let shapes = OPERATIONS.iter().filter_map(|operation| operation.shape);
    let relations = shapes.flat_map(|shape| shape.relations);
    relations.map(|relation| (relation.member, relation.collection)).collect()
});

impl Writer<'_> {
    /// A body by the schema. One in six bodies breaks it.
    pub(super) fn body(&mut self, schema: &Schema) -> String {
        let mut body = self.value("", schema);
        let wrong = self.random.u8(..24);
        if let (Some(members), 0..3) = (body.as_object_mut(), wrong) {
            let mark = self.me.mark('b');
            match wrong {
                0 => drop(members.insert(mark.clone(), json!({ mark: 1 }))),
                1 => members.values_mut().for_each(|value| *value = json!([mark])),
                _ => members.clear(),
            }
        }
        let text = body.to_string();
        if wrong == 3 { text[..text.len() / 2].to_owned() } else { text }
    }

    fn value(&mut self, name: &str, schema: &Schema) -> Value {
        match *schema {
            Schema::Any => json!(self.me.mark('b')),
            Schema::Nullable(_) if self.random.u8(..8) == 0 => Value::Null,
            Schema::Nullable(inner) => self.value(name, inner),
            Schema::Boolean => self.random.bool().into(),
            Schema::Integer { min, .. } => (min.unwrap_or(0) + self.random.i64(0..3)).into(),
            Schema::Number { .. } => self.random.i64(0..9).into(),
            Schema::String { one_of: [_, ..], .. } if self.random.u8(..20) == 0 => {
                json!(self.me.mark('b'))
            }
            Schema::String { one_of: all @ [_, ..], .. } => json!(self.random.choice(all)),
            Schema::String { format, .. } => json!(self.text(name, format)),
            Schema::Array { items, min_items, .. } => {
                let count = self.random.usize(..3).max(min_items);
                (0..count).map(|_| self.value(name, items)).collect()
            }
            Schema::Object { properties, additional, any_of, .. } => {
                let one_of = self.random.choice(any_of).copied().unwrap_or_default();
                let mut members = Map::new();
                for property in properties {
                    let wanted = property.required || one_of.contains(&property.name);
                    if wanted || self.random.u8(..4) == 0 {
                        let value = self.value(property.name, property.schema);
                        members.insert(property.name.to_owned(), value);
                    }
                }
                for _ in 0..additional.map_or(0, |_| self.random.u8(..3)) {
                    let value = self.value("", additional.unwrap());
                    members.insert(self.me.mark('b'), value);
                }
                members.into()
            }
        }
    }

    fn text(&mut self, name: &str, format: Option<Format>) -> String {
        let collection = match name {
            // The objects of a bulk operation, whose path is below theirs.
            "ids" => self.operation.path.rsplit_once('/').and_then(|(above, _)| collection(above)),
            "tenant_id" => Some("tenants"),
            _ => RELATED.get(name).copied(),
        };
        // In a sign-up this is the tenant id that the caller asks for.
        let collection =
            collection.filter(|it| *it != "tenants" || self.operation.id != "register");
        match (collection, format) {
            (Some(collection), _) => self.id(collection),
            (_, Some(Format::Email)) => format!("{}@example.com", self.me.mark('b')),
            (_, Some(Format::DateTime)) => "2026-03-01T09:30:00Z".to_owned(),
            (_, Some(Format::Uri)) => format!("https://example.com/{}", self.me.mark('b')),
            _ => self.me.mark('b'),
        }
    }
}
