//! Random headers and queries.

use protocol::contract::{Idempotency, Operation, Query};

use super::draft::Writer;

const ACCEPT: [&str; 8] = [
    "application/json",
    "application/vnd.api+json",
    "application/json;profile=\"envelope\"",
    "application/json;profile=\"camel\"",
    "application/vnd.tenantry.v1+json",
    "application/problem+json, application/json",
    "text/html, */*;q=0.1",
    "image/png",
];

impl Writer<'_> {
    pub(super) fn headers(&mut self, operation: &Operation) -> Vec<(&'static str, String)> {
        let mut headers = vec![("x-request-id", self.me.mark('h'))];
        let mut at_times = |one_in: u8| self.random.u8(..one_in) == 0;
        let (correlation, trace, key) = (at_times(3), at_times(2), at_times(3));
        let (accept, if_match, if_none_match) = (at_times(2), at_times(6), at_times(6));
        if correlation {
            headers.push(("x-correlation-id", self.me.mark('h')));
        }
        if trace {
            let trace = self.me.trace(self.random);
            headers.push(("traceparent", format!("00-{trace}-00f067aa0ba902b7-01")));
        }
        if key && operation.idempotency != Idempotency::Unsupported {
            headers.push(("idempotency-key", self.key()));
        }
        if accept {
            headers.push(("accept", (*self.random.choice(&ACCEPT).unwrap()).to_owned()));
        }
        let tag = ["*", "\"v1\"", "\"v2\"", "W/\"v1\"", "\"none\""][self.random.usize(..5)];
        if operation.if_match || if_match {
            headers.push(("if-match", tag.to_owned()));
        } else if if_none_match && operation.method == "GET" {
            headers.push(("if-none-match", tag.to_owned()));
        }
        headers
    }

    /// A new key, a key that was used before, or a key of the other tenant.
    fn key(&mut self) -> String {
        let known = match self.random.u8(..3) {
            0 => None,
            1 => self.random.choice(&self.me.keys).cloned(),
            _ => self.random.choice(&self.other.keys).cloned(),
        };
        known.unwrap_or_else(|| {
            let key = self.me.mark('b');
            self.me.keys.push(key.clone());
            key
        })
    }

    /// The query of a list, or the choice of the fields that are shown of an object.
    pub(super) fn query(&mut self, operation: &Operation) -> Option<String> {
        if self.random.u8(..3) == 0 || operation.method != "GET" {
            return None;
        }
        let list = matches!(operation.query, Query::List | Query::Feed);
        match self.random.u8(..9) {
            _ if !list && operation.query != Query::Object => None,
            0 => Some("fields=id,name&expand=owner".to_owned()),
            _ if !list => Some("fields=id,name".to_owned()),
            1 => Some("sort=created_at:desc&limit=2".to_owned()),
            2 => Some("page[limit]=3&include=owner,manager,lead,teams".to_owned()),
            3 => Some("page=1&per_page=2".to_owned()),
            4..7 => Some(self.cursor()),
            which => Some(self.filter(which == 8)),
        }
    }

    /// A filter by a text that one of the two tenants has written.
    fn filter(&mut self, foreign: bool) -> String {
        let text = match foreign {
            true => self.other.written(self.random),
            false => self.me.written(self.random),
        };
        self.mixed |= !foreign;
        self.foreign = foreign.then(|| text.clone());
        let spelling = ["name=", "search=", "filter[name]=", "name:in=", "unknown="];
        format!("{}{text}", self.random.choice(spelling).unwrap())
    }

    /// A cursor of one of the two tenants.
    fn cursor(&mut self) -> String {
        let foreign = self.random.bool();
        let whose = if foreign { self.other } else { &*self.me };
        let cursor = whose.cursor(self.random);
        // A cursor that nobody was given is refused, and so is a cursor of the other tenant.
        self.foreign = cursor.clone().filter(|_| foreign);
        self.mixed |= self.foreign.is_none();
        let name = if self.random.bool() { "cursor" } else { "page[after]" };
        format!("{name}={}&limit=2", cursor.unwrap_or_default())
    }
}
