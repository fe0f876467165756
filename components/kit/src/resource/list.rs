//! `GET /{collection}`: one page of a list.

use protocol::metadata;

use super::expand;
use super::record::Record;
use crate::contract::Resource;
use crate::list::{Bound, Filter, Links, Mode, Op, Position, Query, Resume, View, count, select};
use crate::{Call, Code, Column, Error, Reply, Scope, Value, values};

/// The part of the list that a request leads to.
struct Window {
    position: Option<Position>,
    offset: usize,
    /// Whether the page has a number or an offset. Then the answer has totals.
    numbered: bool,
}

impl Resource {
    /// Answers a page of the caller's tenant in native JSON. The other pages are headers with query
    /// strings for the gateway.
    ///
    /// # Errors
    /// `invalid-parameter` and `invalid-cursor` for parameters that the list does not know;
    /// `validation-failed` for values that do not fit; `insufficient-scope` for a relation.
    pub fn list(&'static self, call: &Call) -> Result<Reply, Error> {
        self.list_of(call, None, |_| Ok(()))
    }

    /// Answers a page of the objects that belong to another object. `of` is the field that names
    /// the other object, such as `project::OWNER_ID`, and its id. `check` refuses the request if
    /// there is no such object.
    ///
    /// # Errors
    /// As [`Resource::list`]; those of `check`.
    pub fn list_of(
        &'static self,
        call: &Call,
        of: Option<(Column<String>, &str)>,
        check: impl FnOnce(&Scope<'_>) -> Result<(), Error>,
    ) -> Result<Reply, Error> {
        let given = call.query_parameters();
        let mut query = Query::parse(self, &given)?;
        if let Some((column, id)) = of {
            let field = column.field_of(self)?;
            let values = vec![id.into()];
            query.filters.push(Filter { field, key: None, op: Op::Eq, values });
        }
        expand::authorize(call, &query.view)?;
        call.read_list(|scope| {
            check(scope)?;
            let list = List {
                resource: self,
                query: &query,
                scope,
                links: Links::new(&given, query.page.brackets),
            };
            list.page()
        })
    }
}

struct List<'a> {
    resource: &'static Resource,
    query: &'a Query,
    scope: &'a Scope<'a>,
    links: Links,
}

impl List<'_> {
    fn page(&self) -> Result<Reply, Error> {
        let Window { position, offset, numbered } = self.window()?;
        let limit = self.query.page.limit;
        // One row more than asked for shows whether another page follows.
        let sql = select(
            self.scope.dialect(),
            self.resource,
            self.query,
            position.as_ref(),
            offset,
            limit + 1,
        );
        let rows = self.scope.query(&sql.text, sql.values)?;
        let more = rows.len() > limit;
        let rows = rows.into_iter().take(limit);
        let records = rows.map(|row| Record::read(self.resource, row));
        let mut records = records.collect::<Result<Vec<_>, _>>()?;
        let backwards = position.as_ref().is_some_and(|position| position.backwards);
        if backwards {
            records.reverse();
        }
        if numbered {
            return self.numbered(&records, offset, more);
        }
        // If the client came from the other direction, then there is a page to go back to.
        let next = records.last().filter(|_| more || backwards);
        let prev = records.first().filter(|_| position.is_some() && (more || !backwards));
        let next_cursor = next.map(|last| self.cursor(last, false)).transpose()?;
        let prev_cursor = prev.map(|first| self.cursor(first, true)).transpose()?;
        let reply = self.reply(&records, next_cursor.as_deref())?;
        let limit = ("limit", limit.to_string());
        let at = |cursor: String| self.links.with(&[limit.clone(), ("cursor", cursor)]);
        let next = match (&self.query.page.mode, next) {
            (Mode::Keyset { .. }, Some(last)) => Some(self.keyset_query(last)),
            (_, None) => None,
            _ => next_cursor.map(at),
        };
        Ok(reply.with_page(metadata::Page {
            first: Some(self.links.with(std::slice::from_ref(&limit))),
            next,
            prev: prev_cursor.map(at),
            ..metadata::Page::default()
        }))
    }

    /// A page by offset or number, with totals.
    fn numbered(&self, records: &[Record], offset: usize, more: bool) -> Result<Reply, Error> {
        let limit = self.query.page.limit;
        let sql = count(self.scope.dialect(), self.resource, self.query);
        let total: i64 = self.scope.fetch_one(&sql.text, sql.values)?;
        let total = usize::try_from(total).unwrap_or_default();
        let at = |offset: usize| match self.query.page.mode {
            Mode::Number(_) if !self.query.page.brackets => self.links.with(&[
                ("page", (offset / limit + 1).to_string()),
                ("per_page", limit.to_string()),
            ]),
            _ => self.links.with(&[("limit", limit.to_string()), ("offset", offset.to_string())]),
        };
        let cursor = more.then(|| Bound::offset(offset + limit));
        let last = total.saturating_sub(1) / limit * limit;
        Ok(self.reply(records, cursor.as_deref())?.with_page(metadata::Page {
            first: Some(at(0)),
            prev: (offset > 0).then(|| at(offset.saturating_sub(limit))),
            next: more.then(|| at(offset + limit)),
            last: Some(at(last)),
            limit: u64::try_from(limit).ok(),
            offset: u64::try_from(offset).ok(),
            total: u64::try_from(total).ok(),
        }))
    }

    fn reply(&self, records: &[Record], next: Option<&str>) -> Result<Reply, Error> {
        let view: &View = &self.query.view;
        let related = expand::Related::load(self.scope, view, records)?;
        let mut body = Vec::with_capacity(64 + records.len() * 512);
        body.extend_from_slice(b"{\"items\":[");
        for (index, record) in records.iter().enumerate() {
            body.extend_from_slice(if index == 0 { b"" } else { b"," });
            record.write(&mut body, |field| view.shows(field), |out| related.write(out, record));
        }
        body.extend_from_slice(b"],\"next_cursor\":");
        match next {
            // base64url needs no escapes.
            Some(cursor) => body.extend([b"\"", cursor.as_bytes(), b"\""].concat()),
            None => body.extend_from_slice(b"null"),
        }
        body.push(b'}');
        Ok(Reply::json(200, body))
    }

    fn window(&self) -> Result<Window, Error> {
        let at = |position, offset, numbered| Ok(Window { position, offset, numbered });
        match &self.query.page.mode {
            Mode::Cursor(None) => at(None, 0, false),
            Mode::Offset(offset) => at(None, *offset, true),
            Mode::Number(number) => at(None, (number - 1) * self.query.page.limit, true),
            Mode::Keyset { id, keys } => at(Some(self.position(id, keys)?), 0, false),
            Mode::Cursor(Some(text)) => {
                let keys = self.query.keys(self.resource).len();
                match self.bound(|bound| bound.read(text, keys))? {
                    Some(Resume::At(position)) => at(Some(position), 0, false),
                    Some(Resume::Offset(offset)) => at(None, offset, true),
                    None => Err(Error::new(
                        Code::InvalidCursor,
                        "The cursor does not belong to this list with this filter and order; send \
                         the next_cursor of its last page, or no cursor.",
                    )),
                }
            }
        }
    }

    /// The position of a row that the client names by its id, and possibly by other keys (D-51).
    fn position(&self, id: &str, given: &[(&'static str, Value)]) -> Result<Position, Error> {
        let keys = self.query.keys(self.resource);
        let known = |name: &str| match name {
            "id" => Some(id.into()),
            _ => given.iter().find(|(known, _)| *known == name).map(|(_, value)| value.clone()),
        };
        let complete: Option<Vec<_>> = keys.iter().map(|key| known(key.field.name)).collect();
        if let Some(keys) = complete {
            return Ok(Position { keys, backwards: false });
        }
        let columns: Vec<&str> = self.resource.columns().map(|field| field.name).collect();
        let sql = format!(
            "SELECT {} FROM {} WHERE tenant_id = $1 AND id = $2",
            columns.join(", "),
            self.resource.table
        );
        let row = self.scope.query(&sql, values![id])?.into_iter().next();
        let row = row.ok_or_else(|| {
            Error::violation("after_id", "NOT_FOUND", "No object of this list has this id.")
        })?;
        let record = Record::read(self.resource, row)?;
        let keys = keys
            .iter()
            .map(|key| known(key.field.name).unwrap_or_else(|| record.value(key.field).clone()));
        Ok(Position { keys: keys.collect(), backwards: false })
    }

    fn keys_of(&self, record: &Record) -> Vec<Value> {
        let keys = self.query.keys(self.resource);
        keys.iter().map(|key| record.value(key.field).clone()).collect()
    }

    fn cursor(&self, record: &Record, backwards: bool) -> Result<String, Error> {
        let position = Position { keys: self.keys_of(record), backwards };
        self.bound(|bound| bound.cursor(&position))
    }

    /// The query string of the page behind a row. It names the row by its keys.
    fn keyset_query(&self, record: &Record) -> String {
        let mut parameters = vec![("limit".to_owned(), self.query.page.limit.to_string())];
        for (key, value) in self.query.keys(self.resource).iter().zip(self.keys_of(record)) {
            let value = match (key.field.kind, value) {
                (crate::contract::Kind::Timestamp, Value::Integer(ms)) => crate::rfc3339(ms),
                (_, Value::Integer(number)) => number.to_string(),
                (_, Value::Text(text)) => text,
                // The contract has no order by a field that may be null.
                (_, Value::Null) => continue,
            };
            parameters.push((format!("after_{}", key.field.name), value));
        }
        let parameters: Vec<_> =
            parameters.iter().map(|(name, value)| (name.as_str(), value.clone())).collect();
        self.links.with(&parameters)
    }

    fn bound<T>(&self, work: impl FnOnce(&Bound<'_>) -> T) -> Result<T, Error> {
        self.scope.cursors(self.resource.collection, &self.query.fingerprint(), work)
    }
}
