//! Random bodies: most of them keep the contract, and some break it.

use protocol::contract::{Format, Schema};
use serde_json::{Map, Value, json};

use super::draft::Writer;

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
            "owner_id" | "manager_id" | "lead_id" => "users",
            "team_ids" => "teams",
            "ids" => "projects",
            "tenant_id" => "tenants",
            _ => "",
        };
        match (name, format) {
            // In a sign-up this is the tenant id that the caller asks for.
            ("tenant_id", _) if self.operation == "register" => self.me.mark('b'),
            _ if !collection.is_empty() => self.id(collection),
            (_, Some(Format::Email)) => format!("{}@example.com", self.me.mark('b')),
            (_, Some(Format::DateTime)) => "2026-03-01T09:30:00Z".to_owned(),
            (_, Some(Format::Uri)) => format!("https://example.com/{}", self.me.mark('b')),
            _ => self.me.mark('b'),
        }
    }
}
