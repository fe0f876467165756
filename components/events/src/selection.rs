//! The filters of the feed, and the SQL for them.

use kit::contract::{Default, EventType, Field, Kind, Resource};
use kit::list::{Feed, Filter, Op, Sql, conditions};
use kit::{Call, Code, Error, Published, Scope, Value, Violation, event_type};

/// The most event types that are looked up one by one. If a request has more types, then most
/// events match, and it is faster to read the feed in order.
const LOOK_UPS: usize = 10;

/// The most event data that is read at once, in bytes. A page ends there, even if more events were
/// asked for.
///
/// The data is in memory as rows, as events and as text. The limit keeps an instance small
/// (`host/src/guest/memory.rs`). A stream would otherwise be a large instance for all of its life.
const PAGE: usize = 1 << 20;

/// The query parameter that selects events by the success of their deliveries.
pub(crate) const DELIVERY_SUCCESS: &str = "delivery_success";

const fn field(name: &'static str, kind: Kind) -> Field {
    Field {
        name,
        column: 0,
        kind,
        nullable: false,
        writable: false,
        filter: true,
        sort: false,
        search: false,
        personal: false,
        secret: false,
        masked: false,
        origin: false,
        default: Default::None,
        synonym: None,
        relation: None,
    }
}

const ID: &str = "id";
const SUBJECT: &str = "subject";
const TYPE: &str = "type";

/// The fields of the feed that filters may name.
static EVENTS: Resource = Resource {
    append_only: true,
    collection: "events",
    name: "event",
    table: "events",
    prefix: "evt",
    scope: "events:read",
    fields: &[
        field("created_at", Kind::Timestamp),
        field(ID, Kind::Text),
        field("source_agent", Kind::Text),
        field(SUBJECT, Kind::Text),
        field(TYPE, Kind::Text),
    ],
    transitions: &[],
};

/// The filters of a request.
pub(crate) struct Selection {
    /// The names of the event types. `None` for all types.
    types: Option<Vec<&'static str>>,
    filters: Vec<Filter>,
    /// Whether every webhook delivery of the event must have succeeded (`true`) or one of them must
    /// not (`false`). `None` if the request does not ask.
    delivered: Option<bool>,
}

/// A part of the feed, and the position to continue from. If there were no more events, then this
/// is the end of the feed, so that the next call does not read events again that do not match.
pub(crate) struct EventBatch {
    pub(crate) events: Vec<Published>,
    pub(crate) position: i64,
    /// Whether there may be more events after this part.
    pub(crate) is_full: bool,
}

impl Selection {
    /// Parses the query of a request. `others` are the parameters that are not filters.
    ///
    /// # Errors
    /// `invalid-parameter` and `validation-failed` for wrong parameters; `tenant-mismatch` for
    /// another tenant.
    pub(crate) fn parse(call: &Call, others: &[&'static str]) -> kit::Result<(Self, Feed)> {
        let others = [others, &["tenant_id"]].concat();
        let mut feed = Feed::parse(&EVENTS, &call.query_parameters(), &others)?;
        call.check_tenant(call.query("tenant_id"))?;
        let mut types: Option<Vec<&'static str>> = None;
        for filter in feed.filters.extract_if(.., |filter| filter.field.name == TYPE) {
            let meant = matching_types(&filter)?;
            match &mut types {
                Some(types) => types.retain(|known| meant.contains(known)),
                None => types = Some(meant),
            }
        }
        let delivered = match call.query(DELIVERY_SUCCESS) {
            None => None,
            Some("true") => Some(true),
            Some("false") => Some(false),
            Some(_) => {
                let message = "Must be true or false.";
                return Err(Error::violation(DELIVERY_SUCCESS, "WRONG_TYPE", message));
            }
        };
        let filters = std::mem::take(&mut feed.filters);
        Ok((Self { types, filters, delivered }, feed))
    }

    /// Reads the events after a position, in the order of their commits.
    ///
    /// # Errors
    /// Errors of the database.
    pub(crate) fn read(
        &self,
        scope: &Scope<'_>,
        after: i64,
        limit: usize,
    ) -> kit::Result<EventBatch> {
        // Read before the events: an event that is committed between the two reads is after this
        // end, so it is not skipped.
        let is_all = self.types.is_none() && self.filters.is_empty() && self.delivered.is_none();
        let end = if is_all { None } else { Some(end(scope)?) };
        let mut sql = self.sql(scope, after, limit);
        sql.text = Published::within_bytes(PAGE, Published::COLUMNS, "seq", &sql.text);
        let rows = scope.query(&sql.text, sql.values)?;
        let (mut events, mut found) = (Vec::with_capacity(rows.len()), 0_i64);
        for mut row in rows {
            events.extend(Published::read(&mut row)?);
            found = row.read()?;
        }
        let last = events.last().map_or(after, |event| event.seq);
        let found = usize::try_from(found).unwrap_or_default();
        let is_full = found >= limit || found > events.len();
        let position = match end {
            Some(end) if !is_full => last.max(end),
            _ => last,
        };
        Ok(EventBatch { events, position, is_full })
    }

    fn sql(&self, scope: &Scope<'_>, after: i64, limit: usize) -> Sql {
        let mut sql = Sql::new(scope.dialect(), &EVENTS, "tenant_id = $1 AND seq > ");
        sql.bind(after.into());
        conditions(&mut sql, &self.filters);
        if let Some(delivered) = self.delivered {
            let not = if delivered { "NOT " } else { "" };
            sql.push(&format!(
                " AND seq {not}IN (SELECT event_seq FROM webhook_deliveries \
                 WHERE tenant_id = $1 AND status <> 'SUCCEEDED')"
            ));
        }
        let meant = std::mem::take(&mut sql.text);
        let limit = Value::Integer(i64::try_from(limit).unwrap_or(i64::MAX));
        let name = |name: &&'static str| Value::from(*name);
        sql.push(&format!("SELECT {} FROM events WHERE ", Published::COLUMNS));
        match self.types.as_deref() {
            None => sql.push(&meant),
            Some([]) => sql.push(&format!("{meant} AND 1 = 0")),
            Some([one]) => {
                sql.push(&format!("{meant} AND type = "));
                sql.bind(name(one));
            }
            // The first events of each type come from the index in the order of the feed. So few
            // events are sorted, no matter how many there are.
            Some(few) if few.len() <= LOOK_UPS && !self.is_selective() => {
                sql.push("tenant_id = $1 AND seq IN (SELECT seq FROM (");
                // The placeholder of the limit, which all parts of the query share.
                let mut at_most = String::new();
                for (index, kind) in few.iter().enumerate() {
                    sql.push(if index == 0 { "" } else { " UNION ALL " });
                    sql.push(&format!(
                        "SELECT seq FROM (SELECT seq FROM events WHERE {meant} AND type = "
                    ));
                    sql.bind(name(kind));
                    sql.push(" ORDER BY seq LIMIT ");
                    if index == 0 {
                        let end = sql.text.len();
                        sql.bind(limit.clone());
                        at_most = sql.text[end..].to_owned();
                    } else {
                        sql.push(&at_most);
                    }
                    sql.push(&format!(") AS of_{index}"));
                }
                sql.push(&format!(") AS meant ORDER BY seq LIMIT {at_most}) ORDER BY seq"));
                return sql;
            }
            // The expression keeps the database from using the index on types, with which it would
            // look up every event of them.
            Some(many) => {
                sql.push(&format!("{meant} AND type || '' IN ("));
                for (index, kind) in many.iter().enumerate() {
                    sql.push(if index == 0 { "" } else { ", " });
                    sql.bind(name(kind));
                }
                sql.push(")");
            }
        }
        sql.push(" ORDER BY seq LIMIT ");
        sql.bind(limit);
        sql
    }

    /// Whether another filter leaves so few events that types need no look-up.
    fn is_selective(&self) -> bool {
        self.filters.iter().any(|filter| {
            matches!(filter.field.name, ID | SUBJECT) && matches!(filter.op, Op::Eq | Op::In)
        })
    }
}

/// The position of the newest event. It is 0 if there is none.
///
/// # Errors
/// Errors of the database.
pub(crate) fn end(scope: &Scope<'_>) -> kit::Result<i64> {
    let sql = "SELECT seq FROM events WHERE tenant_id = $1 ORDER BY seq DESC LIMIT 1";
    Ok(scope.fetch_optional(sql, [])?.unwrap_or(0))
}

/// The event types that a filter selects.
fn matching_types(filter: &Filter) -> kit::Result<Vec<&'static str>> {
    let meant = match filter.op {
        Op::Eq | Op::In => true,
        Op::Ne | Op::Nin => false,
        _ => {
            let message = "`type` is compared by: eq, ne, in, nin.";
            let Error { violations, .. } = Error::violation("type", "UNKNOWN_OPERATOR", message);
            return Err(Error { violations, ..Error::new(Code::InvalidParameter, message) });
        }
    };
    let texts = filter.values.iter().filter_map(|value| match value {
        Value::Text(text) => Some(text.as_str()),
        Value::Integer(_) | Value::Null => None,
    });
    let patterns: Vec<&str> = texts.flat_map(|text| text.split(',')).collect();
    if patterns.iter().any(|pattern| event_type::matching(pattern).next().is_none()) {
        return Err(Error::violations(vec![unknown()]));
    }
    let is_match =
        |known: &EventType| patterns.iter().any(|pattern| known.matches_pattern(pattern));
    let known = kit::EVENT_TYPES.iter().filter(|known| is_match(known) == meant);
    Ok(known.map(|known| known.name).collect())
}

fn unknown() -> Violation {
    let names = kit::EVENT_TYPES.iter().map(|known| known.name);
    let codes = kit::EVENT_TYPES.iter().filter_map(|known| known.log_code);
    let known: Vec<&str> = names.chain(codes).collect();
    Violation {
        pointer: "type".to_owned(),
        code: "NOT_ALLOWED_VALUE".to_owned(),
        message: format!(
            "Must be names of events, beginnings of names such as `project.*`, or log codes. \
             Known are: {}.",
            known.join(", ")
        ),
        value: None,
    }
}
