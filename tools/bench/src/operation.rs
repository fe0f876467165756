//! The measured operations, and their requests.

use std::sync::atomic::{AtomicU64, Ordering};

use crate::data::{Api, Seed};
use crate::settings::Part;

/// The header of a client that has the project. Every project is as it was created.
const KNOWN: &str = "if-none-match: \"v1-native\"\r\n";
/// The key of all replays. It is as long as the keys that are sent only once.
const REPLAYED: &str = "5c1e2f60-0000-4000-9000-000000000000";
/// A counter for the keys of this run: a key that was sent once must not be sent again by the next
/// load of the same server.
static KEYS: AtomicU64 = AtomicU64::new(0);

/// A measured operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Operation {
    /// Reads a random project.
    PointRead,
    /// Reads a random project that the client already has, so the answer is 304 without a body.
    NotModified,
    /// Lists the first 20 projects.
    List,
    /// Creates a project: row, audit entry and event in one durable transaction.
    Create,
    /// The same with an `Idempotency-Key` that was never sent before.
    CreateOnce,
    /// Repeats the same create with the same `Idempotency-Key`.
    Replay,
    /// Lists 20 projects from the middle, latest first, to compare a long list with a short one.
    Page,
    /// Reads 100 events from somewhere in the feed.
    Feed,
}

impl Operation {
    /// The operations that compare servers, in the order in which they are measured.
    pub(crate) const COMPARED: [Self; 5] =
        [Self::PointRead, Self::NotModified, Self::List, Self::Create, Self::CreateOnce];

    /// The name for tables.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::PointRead => "point read",
            Self::NotModified => "not modified",
            Self::List => "list of 20",
            Self::Create => "create",
            Self::CreateOnce => "create with a key",
            Self::Replay => "replay",
            Self::Page => "page of 20",
            Self::Feed => "page of the feed",
        }
    }

    /// The status of a success.
    pub(crate) fn status(self) -> u16 {
        match self {
            Self::NotModified => 304,
            Self::Create | Self::CreateOnce | Self::Replay => 201,
            Self::PointRead | Self::List | Self::Page | Self::Feed => 200,
        }
    }

    /// The status of a success of this API. PocketBase answers a create with 200.
    pub(crate) fn success(self, api: Api) -> u16 {
        match api {
            Api::PocketBase { .. } if self.writes() => 200,
            Api::PocketBase { .. } | Api::Tenantry => self.status(),
        }
    }

    /// The part of the benchmark to which the operation belongs.
    pub(crate) fn part(self) -> Part {
        match self {
            Self::PointRead => Part::PointRead,
            Self::NotModified => Part::NotModified,
            Self::List => Part::List,
            Self::Create => Part::Create,
            Self::CreateOnce => Part::CreateWithKey,
            Self::Replay => Part::Idempotency,
            Self::Page => Part::Page,
            Self::Feed => Part::Deliveries,
        }
    }

    fn writes(self) -> bool {
        matches!(self, Self::Create | Self::CreateOnce | Self::Replay)
    }

    /// Writes request number `number`.
    pub(crate) fn request(self, seed: &Seed, number: u64, into: &mut Vec<u8>) {
        let number = usize::try_from(number).unwrap_or(0);
        into.clear();
        let [verb, path] = self.target(seed, number);
        [verb, path].iter().for_each(|piece| into.extend_from_slice(piece.as_bytes()));
        into.extend_from_slice(seed.headers.as_bytes());
        if self == Self::NotModified {
            into.extend_from_slice(KNOWN.as_bytes());
        }
        if self.writes() {
            let (number, key) = match self {
                Self::CreateOnce => (number, header(&fresh_key())),
                // A replay has the same body too.
                Self::Replay => (0, header(REPLAYED)),
                _ => (number, String::new()),
            };
            let tenant = match seed.api {
                Api::Tenantry => String::new(),
                Api::PocketBase { tenant } => format!("\"tenant\":\"{tenant}\","),
            };
            let body = format!(
                "{{{tenant}\"name\":\"Site {number}\",\
                 \"description\":\"Retrofit of a battery storage\"}}"
            );
            let length = body.len();
            let head =
                format!("{key}content-type: application/json\r\ncontent-length: {length}\r\n\r\n");
            into.extend_from_slice(head.as_bytes());
            into.extend_from_slice(body.as_bytes());
        } else {
            into.extend_from_slice(b"\r\n");
        }
    }

    /// The method and the target, whose second part differs between requests.
    fn target(self, seed: &Seed, number: usize) -> [&str; 2] {
        match (seed.api, self) {
            (Api::Tenantry, Self::PointRead | Self::NotModified) => {
                ["GET /api/v1/projects/", one(&seed.projects, number)]
            }
            (Api::Tenantry, Self::List) => ["GET /api/v1/projects?limit=20", ""],
            (Api::Tenantry, Self::Create | Self::CreateOnce | Self::Replay) => {
                ["POST /api/v1/projects", ""]
            }
            (_, Self::Page | Self::Feed) => ["GET ", one(&seed.pages, number)],
            (Api::PocketBase { .. }, Self::PointRead | Self::NotModified) => {
                ["GET /api/collections/projects/records/", one(&seed.projects, number)]
            }
            // In the order of the ids and without a count of all, like the list of the others.
            (Api::PocketBase { .. }, Self::List) => {
                ["GET /api/collections/projects/records?perPage=20&sort=id&skipTotal=1", ""]
            }
            (Api::PocketBase { .. }, Self::Create | Self::CreateOnce | Self::Replay) => {
                ["POST /api/collections/projects/records", ""]
            }
        }
    }
}

fn header(key: &str) -> String {
    format!("idempotency-key: {key}\r\n")
}

fn fresh_key() -> String {
    format!("5c1e2f60-0000-4000-8000-{:012x}", KEYS.fetch_add(1, Ordering::Relaxed))
}

fn one(of: &[String], number: usize) -> &str {
    of.get(number % of.len().max(1)).map_or("", String::as_str)
}
