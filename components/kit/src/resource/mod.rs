//! The operations that every resource of a tenant has: list, read, create, replace, merge, delete,
//! operations on the status, and bulk. The contract declares a resource (`x-resource`, see
//! [`crate::contract::Resource`]), and its handlers call these functions. Each of them is an
//! ordinary function over the kit's types. A handler that needs something else does not use them.
//!
//! Each write is one transaction: the row, its event, its audit entry and the receipt of
//! its idempotency key.

mod conditional;
mod draft;
mod expand;
mod list;
mod operation;
mod record;
mod store;

pub use record::Record;

use std::collections::BTreeSet;

use crate::contract::Resource;
use crate::list::View;
use crate::write::{Expected, Write};
use crate::{Call, Code, Error, Reply, Scope, values};
use draft::WriteMode;

/// What is done to an object.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action<'a> {
    /// The object is created, or its fields are written.
    Write,
    /// It is deleted.
    Delete,
    /// This operation changes the status of the object.
    Operation(&'a str),
}

/// A change that is about to happen to an object, for the rule of its resource.
pub struct Change<'a> {
    /// The request.
    pub call: &'a Call,
    /// The transaction of the change.
    pub scope: &'a Scope<'a>,
    /// What is done.
    pub action: Action<'a>,
    /// The object as it was; `None` for a new one.
    pub before: Option<&'a Record>,
    /// The object as it will be. The rule may change it.
    pub after: &'a mut Record,
}

/// A rule of a resource. It may refuse the change. It runs inside the transaction.
pub type Rule = fn(Change<'_>) -> Result<(), Error>;

/// A [`Rule`] that may capture values, such as a key.
pub type Rules<'r> = dyn Fn(Change<'_>) -> Result<(), Error> + 'r;

/// The rule of resources without rules of their own.
///
/// # Errors
/// None.
pub fn no_rule(_: Change<'_>) -> Result<(), Error> {
    Ok(())
}

impl Resource {
    /// `GET /{collection}/{id}`, with `fields` and `expand`. The answer has validators, with which
    /// the gateway can tell that the client has it already.
    ///
    /// # Errors
    /// 404 in any other tenant, 410 after deletion, 400 for unknown parameters.
    pub fn read(&'static self, call: &Call) -> Result<Reply, Error> {
        let view = View::parse(self, &call.query_parameters())?;
        expand::authorize(call, &view)?;
        call.read(|scope| {
            let record = self.find(scope, call.path("id"))?;
            let related = expand::Related::load(scope, &view, std::slice::from_ref(&record))?;
            let mut body = Vec::with_capacity(512);
            record.write(&mut body, |field| view.shows(field), |out| related.write(out, &record));
            let tag = conditional::tag(&record, (!view.is_whole()).then_some(&body))?;
            let modified = related.modified().max(record.updated_at()?);
            Ok(Reply::json(200, body)
                .header("etag", tag)
                .header("last-modified", crate::http_date(modified)))
        })
    }

    /// `POST /{collection}`.
    ///
    /// # Errors
    /// 422 for rules that the schema cannot express; those of the rule.
    pub fn create(&'static self, call: &Call, rule: Rule) -> Result<Reply, Error> {
        let record = self.draft(call)?;
        call.write(|scope| {
            let record = self.add(call, scope, record, rule)?;
            self.created(&record, &[])
        })
    }

    /// The object that a client wants to create, for [`Resource::add`].
    ///
    /// # Errors
    /// 422 for rules that the schema cannot express.
    pub fn draft(&'static self, call: &Call) -> Result<Record, Error> {
        let caller = call.caller()?;
        self.check_tenant(call)?;
        let now = crate::now();
        let mut record = Record::empty(self);
        for field in self.columns().filter(|field| !field.writable) {
            record.put(field, draft::default_value(field, caller.id()));
        }
        draft::assign(&mut record, self, call, WriteMode::Replace, caller.id())
            .map_err(Error::violations)?;
        record.set(self.column::<String>("id")?, &crate::id(self.prefix))?;
        record.set(self.column::<String>("tenant_id")?, &caller.tenant)?;
        record.set(self.column::<i64>("version")?, 1)?;
        record.set(self.column::<i64>("created_at")?, now)?;
        record.set(self.column::<i64>("updated_at")?, now)?;
        Ok(record)
    }

    /// Creates the object in the transaction of a write.
    ///
    /// # Errors
    /// Those of the rule; 422 for related objects that do not exist.
    pub fn add(
        &'static self,
        call: &Call,
        scope: &Scope<'_>,
        mut record: Record,
        rule: Rule,
    ) -> Result<Record, Error> {
        rule(Change { call, scope, action: Action::Write, before: None, after: &mut record })?;
        let mut named = record.clone();
        for field in self.columns() {
            named.put(field, draft::default_value(field, call.caller()?.id()));
        }
        expand::check(scope, self, &named, &record)?;
        self.record_change(call, scope, "created", &record, self.insertion(&record))?;
        Ok(record)
    }

    /// The answer to a creation: the object, and the members that are shown only this once.
    ///
    /// # Errors
    /// As [`Resource::reply`].
    pub fn created(&'static self, record: &Record, once: &[(&str, &str)]) -> Result<Reply, Error> {
        let location = format!("/{}/{}", self.collection, record.id()?);
        Ok(self.reply_with(201, record, once)?.header("location", location))
    }

    /// `PUT /{collection}/{id}`: a field that is left out gets its default.
    ///
    /// # Errors
    /// As [`Resource::merge`].
    pub fn replace(&'static self, call: &Call, rule: Rule) -> Result<Reply, Error> {
        self.change(call, WriteMode::Replace, rule)
    }

    /// `PATCH /{collection}/{id}`, a JSON Merge Patch (RFC 7396). If nothing changes, then the
    /// version stays and there is no event.
    ///
    /// # Errors
    /// 404, 410; 412, 428 and 409 for the version; 422; those of the rule.
    pub fn merge(&'static self, call: &Call, rule: Rule) -> Result<Reply, Error> {
        self.change(call, WriteMode::Merge, rule)
    }

    /// Like [`Resource::replace`], in the transaction of a write, with a rule that may capture
    /// values.
    ///
    /// # Errors
    /// As [`Resource::merge`].
    pub fn replace_in(
        &'static self,
        call: &Call,
        scope: &Scope<'_>,
        rule: &Rules<'_>,
    ) -> Result<Reply, Error> {
        self.change_in(call, scope, WriteMode::Replace, rule)
    }

    /// Like [`Resource::merge`], in the transaction of a write, with a rule that may capture
    /// values.
    ///
    /// # Errors
    /// As [`Resource::merge`].
    pub fn merge_in(
        &'static self,
        call: &Call,
        scope: &Scope<'_>,
        rule: &Rules<'_>,
    ) -> Result<Reply, Error> {
        self.change_in(call, scope, WriteMode::Merge, rule)
    }

    fn change(&'static self, call: &Call, mode: WriteMode, rule: Rule) -> Result<Reply, Error> {
        call.write(|scope| self.change_in(call, scope, mode, &rule))
    }

    fn change_in(
        &'static self,
        call: &Call,
        scope: &Scope<'_>,
        mode: WriteMode,
        rule: &Rules<'_>,
    ) -> Result<Reply, Error> {
        conditional::require(call)?;
        self.check_tenant(call)?;
        let before = self.find_to_change(call, scope)?;
        let mut record = before.clone();
        draft::assign(&mut record, self, call, mode, call.caller()?.id())
            .map_err(Error::violations)?;
        let (action, after) = (Action::Write, &mut record);
        rule(Change { call, scope, action, before: Some(&before), after })?;
        if record == before {
            return self.reply(200, &record);
        }
        expand::check(scope, self, &before, &record)?;
        let write = self.update(&mut record)?;
        self.record_change(call, scope, "updated", &record, write)?;
        self.reply(200, &record)
    }

    /// `DELETE /{collection}/{id}`: leaves a tombstone. A second deletion is not an error (K-57).
    ///
    /// # Errors
    /// 404; 412 and 428 for the version; those of the rule.
    pub fn delete(&'static self, call: &Call, rule: Rule) -> Result<Reply, Error> {
        conditional::require(call)?;
        call.write(|scope| {
            let before = match self.find_to_change(call, scope) {
                Err(error) if error.code == Code::ResourceGone => return Ok(Reply::no_content()),
                found => found?,
            };
            self.soft_delete(call, scope, &before, rule)?;
            Ok(Reply::no_content())
        })
    }

    /// The living object with this id.
    ///
    /// # Errors
    /// 404 in any other tenant, 410 after deletion.
    pub fn find(&'static self, scope: &Scope<'_>, id: &str) -> Result<Record, Error> {
        let columns: Vec<&str> = self.columns().map(|field| field.name).collect();
        let sql = format!(
            "SELECT deleted_at, {} FROM {} WHERE tenant_id = $1 AND id = $2",
            columns.join(", "),
            self.table
        );
        let row = scope.query(&sql, values![id])?.into_iter().next();
        let mut row = row.ok_or_else(|| Error::not_found(self.name, id))?;
        match row.get::<Option<i64>>()? {
            Some(_) => {
                Err(Error::new(Code::ResourceGone, format!("This {} was deleted.", self.name)))
            }
            None => Record::read(self, row),
        }
    }

    /// The living object that the path names, for a write. The preconditions of the request hold
    /// for its version (RFC 9110 section 13.2).
    ///
    /// # Errors
    /// As [`Resource::find`]; 412, and 409 for the member `version`.
    pub fn find_to_change(&'static self, call: &Call, scope: &Scope<'_>) -> Result<Record, Error> {
        let record = self.find(scope, call.path("id"))?;
        conditional::check(call, &record)?;
        Ok(record)
    }

    /// The living objects with these ids, in the order of the ids.
    ///
    /// # Errors
    /// `internal-error` of the database.
    pub fn find_all(
        &'static self,
        scope: &Scope<'_>,
        ids: Vec<String>,
    ) -> Result<Vec<Record>, Error> {
        let mut named = BTreeSet::new();
        named.extend(ids.iter().cloned());
        let mut found = expand::alive(scope, self, named)?;
        // An id that is named twice finds its object once.
        let taken = ids.iter().filter_map(|wanted| {
            let at = found.iter().position(|(id, _)| id == wanted)?;
            Some(found.swap_remove(at).1)
        });
        Ok(taken.collect())
    }

    pub(super) fn soft_delete(
        &'static self,
        call: &Call,
        scope: &Scope<'_>,
        before: &Record,
        rule: Rule,
    ) -> Result<(), Error> {
        let mut record = before.clone();
        let (action, after) = (Action::Delete, &mut record);
        rule(Change { call, scope, action, before: Some(before), after })?;
        let sql = format!(
            "UPDATE {} SET deleted_at = $2, updated_at = $2, version = version + 1 \
             WHERE tenant_id = $1 AND id = $3",
            self.table
        );
        let values = values![crate::now(), before.id()?].into();
        let write = Write { table: self.table, sql, values, expected: Expected::Rows(1) };
        self.record_change(call, scope, "deleted", before, write)
    }

    /// An answer with the object and its validator.
    ///
    /// # Errors
    /// `internal-error` if the object has no version.
    pub fn reply(&'static self, status: u16, record: &Record) -> Result<Reply, Error> {
        self.reply_with(status, record, &[])
    }

    /// An answer with the object, and with members that are shown only this once.
    ///
    /// # Errors
    /// As [`Resource::reply`].
    pub fn reply_with(
        &'static self,
        status: u16,
        record: &Record,
        once: &[(&str, &str)],
    ) -> Result<Reply, Error> {
        let mut body = Vec::with_capacity(512);
        record.write(
            &mut body,
            |field| !field.secret,
            |out| {
                for (name, value) in once {
                    out.extend(format!(",\"{name}\":{}", serde_json::Value::from(*value)).bytes());
                }
            },
        );
        Ok(Reply::json(status, body)
            .header("etag", conditional::tag(record, None)?)
            .header("last-modified", crate::http_date(record.updated_at()?)))
    }

    fn check_tenant(&self, call: &Call) -> Result<(), Error> {
        call.check_tenant(call.document().get("tenant_id").and_then(serde_json::Value::as_str))
    }
}

impl Reply {
    /// A whole list as one page, for lists whose size the contract bounds.
    pub fn page(records: &[Record]) -> Self {
        let mut body = b"{\"items\":[".to_vec();
        for (index, record) in records.iter().enumerate() {
            body.extend_from_slice(if index == 0 { b"" } else { b"," });
            record.write(&mut body, |field| !field.secret, |_| {});
        }
        body.extend_from_slice(b"],\"next_cursor\":null}");
        Self::json(200, body)
    }
}
