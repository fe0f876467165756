//! The next batch for an endpoint: retries that are due first, then new events of the feed.

use std::collections::HashSet;

use kit::{Code, Published, Record, Row, Scope, Value, now, values};

use super::item::Item;
use super::lease::LeasedQueue;
use super::run::Run;
use super::send::Target;
use crate::contract::{WEBHOOK_ENDPOINTS, endpoint};
use crate::policy::Health;
use crate::{credentials, patterns, queue, secrets, shares};

/// The most event data in one batch, in bytes. The last event may exceed it.
const DATA: usize = 262_144;

/// The events that a session sends at once, and the state of their queue.
pub(super) struct Batch {
    pub(super) items: Vec<Item>,
    /// Events that wait for an earlier delivery of the same subject.
    pub(super) waiting: Vec<Item>,
    /// How far the feed has been read, this batch included.
    pub(super) position: i64,
    pub(super) patterns: String,
    pub(super) health: Health,
    pub(super) in_order: bool,
    pub(super) rate: Option<i64>,
    /// Whether the endpoint is disabled or deleted.
    pub(super) is_over: bool,
    /// The stored headers, and their form with all values sealed, if some values are still in
    /// clear.
    pub(super) reseal: Option<(Value, String)>,
    pub(super) target: Target,
}

/// An SQL condition on a delivery `d`: no earlier delivery of its subject is pending.
pub(super) const OLDEST_OF_SUBJECT: &str = "AND NOT EXISTS (SELECT 1 FROM webhook_deliveries b \
     WHERE b.tenant_id = $1 AND b.endpoint_id = $2 AND b.subject = d.subject \
     AND b.status = 'PENDING' AND b.event_seq < d.event_seq)";

/// Reads the next batch. `None` if this run has lost the lease.
pub(super) fn take(run: &Run<'_>, leased: &LeasedQueue) -> kit::Result<Option<Batch>> {
    run.system.read(&leased.tenant, |scope| {
        let found = scope.fetch_optional::<(String, i64, i64, Option<i64>, i64)>(
            "SELECT patterns, position, failures, failing_since, paused_until FROM webhook_queues \
             WHERE tenant_id = $1 AND endpoint_id = $2 AND lease = $3",
            values![&leased.endpoint, &leased.lease],
        )?;
        let Some((patterns, position, failures, failing_since, paused_until)) = found else {
            return Ok(None);
        };
        let health = Health { failures, failing_since, paused_until };
        let endpoint = match WEBHOOK_ENDPOINTS.find(scope, &leased.endpoint) {
            Ok(endpoint) => Some(endpoint),
            Err(error) if matches!(error.code, Code::ResourceGone | Code::ResourceNotFound) => None,
            Err(error) => return Err(error),
        };
        let endpoint = match endpoint {
            Some(endpoint) if endpoint.get(endpoint::STATUS)? == "ENABLED" => Some(endpoint),
            _ => None,
        };
        let mut batch = Batch {
            items: Vec::new(),
            waiting: Vec::new(),
            position,
            patterns,
            health,
            in_order: false,
            rate: None,
            is_over: endpoint.is_none(),
            reseal: None,
            target: Target::default(),
        };
        if let Some(endpoint) = endpoint {
            let keys = secrets::load(scope, &run.seal, &leased.endpoint)?;
            batch.target = Target::new(&endpoint, &run.seal, keys)?;
            let sealed = credentials::reseal(&run.seal, &endpoint)?;
            let plain = endpoint.stored(endpoint::HEADERS)?;
            batch.reseal = sealed.map(|sealed| (plain.clone(), sealed));
            batch.fill(scope, &endpoint, shares::concurrency(leased_queues(scope)?))?;
        }
        Ok(Some(batch))
    })
}

/// How many queues of the tenant have a lease, of any run. A lease that has ended counts until the
/// queue is leased again or given back.
fn leased_queues(scope: &Scope<'_>) -> kit::Result<usize> {
    let sql = "SELECT COUNT(*) FROM webhook_queues WHERE tenant_id = $1 AND lease IS NOT NULL";
    let count: i64 = scope.fetch_one(sql, [])?;
    Ok(usize::try_from(count).unwrap_or_default())
}

impl Batch {
    fn fill(
        &mut self,
        scope: &Scope<'_>,
        endpoint: &Record,
        concurrency: usize,
    ) -> kit::Result<()> {
        self.in_order = endpoint.get(endpoint::ORDERING)? == "SUBJECT";
        self.rate = endpoint.get(endpoint::RATE_PER_SECOND)?.filter(|rate| *rate > 0);
        let rate = self.rate.and_then(|rate| usize::try_from(rate).ok());
        let most = rate.unwrap_or(concurrency).min(concurrency);
        let most = if self.health.is_tripped() { 1 } else { most };
        self.items = due(scope, endpoint.get(endpoint::ID)?, self.in_order, most)?;
        let room = most - self.items.len();
        if room > 0 {
            self.read_feed(scope, endpoint.get(endpoint::ID)?, room)?;
        }
        Ok(())
    }

    /// Adds new events of the feed.
    fn read_feed(&mut self, scope: &Scope<'_>, endpoint: &str, room: usize) -> kit::Result<()> {
        let newest = queue::newest(scope)?;
        if newest <= self.position {
            return Ok(());
        }
        let columns = Published::COLUMNS;
        let (takes, values) = patterns::condition(&self.patterns, 4);
        let sql = format!(
            "SELECT {columns} FROM events WHERE tenant_id = $1 AND seq > $2 AND seq <= $3 \
             AND {takes} ORDER BY seq LIMIT ${}",
            4 + values.len()
        );
        let sql = Published::within_bytes(DATA, columns, "seq", &sql);
        let between = values![self.position, newest];
        let limit = values![i64::try_from(room).unwrap_or(1)];
        let values = between.into_iter().chain(values.into_iter().map(Value::Text)).chain(limit);
        let (mut found, mut total) = (Vec::new(), 0_i64);
        for mut row in scope.query(&sql, values)? {
            found.extend(Item::new(&mut row)?);
            total = row.read()?;
        }
        let total = usize::try_from(total).unwrap_or_default();
        // Fewer events than there was room for: no other event up to the newest matches.
        self.position = match found.last() {
            Some(last) if total >= room || total > found.len() => last.seq,
            _ => newest,
        };
        if !self.in_order {
            self.items.extend(found);
            return Ok(());
        }
        let mut busy = busy(scope, endpoint, &found)?;
        for item in found {
            match busy.insert(item.subject.clone()) {
                true => self.items.push(item),
                false => self.waiting.push(item),
            }
        }
        Ok(())
    }
}

/// Pending deliveries that are due.
fn due(scope: &Scope<'_>, endpoint: &str, in_order: bool, most: usize) -> kit::Result<Vec<Item>> {
    let columns: Vec<String> =
        Published::COLUMNS.split(", ").map(|name| format!("e.{name}")).collect();
    let oldest = if in_order { OLDEST_OF_SUBJECT } else { "" };
    let sql = format!(
        "SELECT d.event_id, d.event_seq, d.event_type, d.subject AS about, d.attempts, \
         d.exhausted_at, d.due_at, {} FROM webhook_deliveries d \
         LEFT JOIN events e ON e.tenant_id = d.tenant_id AND e.seq = d.event_seq \
         WHERE d.tenant_id = $1 AND d.endpoint_id = $2 AND d.status = 'PENDING' \
         AND d.due_at <= $3 {oldest} ORDER BY d.due_at, d.event_seq LIMIT $4",
        columns.join(", ")
    );
    let own = "event_id, event_seq, event_type, about, attempts, exhausted_at, due_at";
    let columns = format!("{own}, {}", Published::COLUMNS);
    let sql = Published::within_bytes(DATA, &columns, "due_at, event_seq", &sql);
    let most = i64::try_from(most).unwrap_or(1);
    let rows = scope.query(&sql, values![endpoint, now(), most])?;
    let item = |mut row: Row| {
        let (id, seq, kind, subject) = row.get()?;
        // The row has `due_at` only for the order.
        let (attempts, exhausted_at, _due_at): (i64, Option<i64>, i64) = row.get()?;
        let was_exhausted = exhausted_at.is_some();
        let event = Published::read(&mut row)?;
        Ok(Item { id, seq, kind, subject, attempts, was_exhausted, event })
    };
    rows.into_iter().map(item).collect()
}

/// The subjects of these events that already have a pending delivery.
fn busy(scope: &Scope<'_>, endpoint: &str, items: &[Item]) -> kit::Result<HashSet<String>> {
    if items.is_empty() {
        return Ok(HashSet::new());
    }
    let places: Vec<String> = (0..items.len()).map(|n| format!("${}", n + 3)).collect();
    let sql = format!(
        "SELECT DISTINCT subject FROM webhook_deliveries WHERE tenant_id = $1 \
         AND endpoint_id = $2 AND status = 'PENDING' AND subject IN ({})",
        places.join(", ")
    );
    let subjects = items.iter().map(|item| Value::from(&item.subject));
    let values = values![endpoint].into_iter().chain(subjects);
    Ok(scope.fetch_all(&sql, values)?.into_iter().collect())
}
