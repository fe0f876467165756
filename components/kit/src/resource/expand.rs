//! Relations: related objects shown in place (K-30), with one query for each relation of a page,
//! and the check that related objects exist.

use std::collections::{BTreeSet, HashMap};

use super::record::Record;
use crate::column::Stored;
use crate::contract::{Field, RelationTarget, Resource};
use crate::list::View;
use crate::{Call, Code, Error, Reply, Scope, Value, Violation};

impl Resource {
    /// `GET /{collection}/{id}/{relation}`: the target of JSON:API's related links (D-38).
    ///
    /// # Errors
    /// 404 if there is no such object, or no object is related to it.
    pub fn related(&'static self, call: &Call) -> Result<Reply, Error> {
        let name = call.operation.path.rsplit('/').next().unwrap_or_default();
        let mut relations = self.columns().filter_map(|field| Some((field, field.relation?)));
        let (field, to) = relations
            .find(|(_, to)| to.name == name)
            .ok_or_else(|| Error::internal(format!("{} has no {name}", self.collection)))?;
        call.read(|scope| {
            let found = ids(&self.find(scope, call.path("id"))?, field, to)?;
            let found = to.resource.find_all(scope, found)?;
            if to.many {
                return Ok(Reply::page(&found));
            }
            let none = || {
                let message = format!("This {} has no {name}.", self.name);
                // JSON:API has an answer for an object without a related object, so the gateway
                // must know.
                let context = vec![("empty_relation".to_owned(), name.to_owned())];
                Error { context, ..Error::new(Code::ResourceNotFound, message) }
            };
            to.resource.reply(200, found.first().ok_or_else(none)?)
        })
    }
}

/// The related objects of a page as JSON, by relation and id.
#[derive(Default)]
pub(super) struct Related<'v> {
    view: Option<&'v View>,
    objects: HashMap<(&'static str, String), Vec<u8>>,
    /// The time of the last change of any of them, in milliseconds since the epoch.
    modified: i64,
}

/// Refuses to expand objects that the caller may not read directly.
pub(super) fn authorize(call: &Call, view: &View) -> Result<(), Error> {
    let caller = call.caller()?;
    let missing = |scope: &str| !caller.grants.has_scope(scope);
    match view.expand.iter().find(|(_, to)| missing(to.resource.scope)) {
        None => Ok(()),
        Some((_, to)) => Err(Error {
            context: vec![("required_scope".to_owned(), to.resource.scope.to_owned())],
            ..Error::new(
                Code::InsufficientScope,
                format!("Showing {} needs the scope {}.", to.name, to.resource.scope),
            )
        }),
    }
}

impl<'v> Related<'v> {
    /// Reads the objects of the relations that the view expands.
    pub(super) fn load(
        scope: &Scope<'_>,
        view: &'v View,
        records: &[Record],
    ) -> Result<Self, Error> {
        let mut objects = HashMap::new();
        let mut modified = 0;
        for (field, to) in &view.expand {
            let mut named = BTreeSet::new();
            for record in records {
                named.extend(ids(record, field, to)?);
            }
            let wanted = named.len();
            let found = alive(scope, to.resource, named)?;
            if found.len() < wanted {
                // Some objects were deleted. The time of the deletion is not known here, so now
                // stands for it.
                modified = crate::now();
            }
            for (id, record) in found {
                modified = modified.max(record.updated_at()?);
                let mut json = Vec::new();
                record.write(&mut json, |field| view.shows_related(to.resource, field), |_| {});
                objects.insert((to.name, id), json);
            }
        }
        Ok(Self { view: Some(view), objects, modified })
    }

    /// The time of the last change of any of them, in milliseconds since the epoch; 0 if there are
    /// none.
    pub(super) fn modified(&self) -> i64 {
        self.modified
    }

    /// Appends the related objects of a record as members.
    pub(super) fn write(&self, out: &mut Vec<u8>, record: &Record) {
        for (field, to) in self.view.iter().flat_map(|view| &view.expand) {
            out.extend_from_slice(b",\"");
            out.extend_from_slice(to.name.as_bytes());
            out.extend_from_slice(b"\":");
            // `load` has read the same ids, so they can be read.
            let found = ids(record, field, to).unwrap_or_default().into_iter();
            let mut found = found.filter_map(|id| self.objects.get(&(to.name, id)));
            if to.many {
                out.push(b'[');
                for (index, json) in found.enumerate() {
                    out.extend_from_slice(if index == 0 { b"" } else { b"," });
                    out.extend_from_slice(json);
                }
                out.push(b']');
            } else {
                out.extend_from_slice(found.next().map_or(b"null", |json| json));
            }
        }
    }
}

/// Refuses ids from a client that name no object in this tenant.
pub(super) fn check(
    scope: &Scope<'_>,
    resource: &'static Resource,
    before: &Record,
    after: &Record,
) -> Result<(), Error> {
    let mut violations = Vec::new();
    for field in resource.columns().filter(|field| field.writable) {
        let Some(to) = field.relation.filter(|_| before.value(field) != after.value(field)) else {
            continue;
        };
        // An object that was related before may have been deleted since. Its id may stay.
        let known = ids(before, field, to)?;
        // `extend` inserts one by one. `collect` would bring in code that sorts.
        let mut named = BTreeSet::new();
        named.extend(ids(after, field, to)?.into_iter().filter(|id| !known.contains(id)));
        let wanted = named.len();
        if alive(scope, to.resource, named)?.len() < wanted {
            violations.push(Violation {
                pointer: format!("/{}", field.name),
                code: "NOT_FOUND".to_owned(),
                message: format!("There is no {} with this id.", to.resource.name),
                value: None,
            });
        }
    }
    if violations.is_empty() { Ok(()) } else { Err(Error::violations(violations)) }
}

fn ids(record: &Record, field: &Field, to: &RelationTarget) -> Result<Vec<String>, Error> {
    let held = record.value(field);
    let found = match to.many {
        true => <Option<Vec<String>>>::read(held).map(Option::unwrap_or_default),
        false => <Option<String>>::read(held).map(|id| id.into_iter().map(str::to_owned).collect()),
    };
    found.ok_or_else(|| Error::internal(format!("{} holds no ids", field.name)))
}

/// The objects with these ids that were not deleted.
pub(super) fn alive(
    scope: &Scope<'_>,
    resource: &'static Resource,
    ids: BTreeSet<String>,
) -> Result<Vec<(String, Record)>, Error> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let columns: Vec<&str> = resource.columns().map(|field| field.name).collect();
    let numbers: Vec<String> = (0..ids.len()).map(|index| format!("${}", index + 2)).collect();
    let sql = format!(
        "SELECT {} FROM {} WHERE tenant_id = $1 AND id IN ({}) AND deleted_at IS NULL",
        columns.join(", "),
        resource.table,
        numbers.join(", ")
    );
    let rows = scope.query(&sql, ids.into_iter().map(Value::from))?;
    let records = rows.into_iter().map(|row| Record::read(resource, row));
    records
        .map(|record| {
            let record = record?;
            Ok((record.id()?.to_owned(), record))
        })
        .collect()
}
