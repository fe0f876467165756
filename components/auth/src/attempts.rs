//! Guessing the password of one account, from however many addresses: failures in a row are
//! counted by account, and after some of them each next try has to wait, longer and longer (NIST
//! SP 800-63B section 5.2.2). A stranger must not lock the owner out by failing, so addresses and
//! networks from which the account has signed in before are counted each by itself: not even who
//! shares the owner's network does.
//!
//! Accounts and networks are known by keyed hashes, and those that do not exist are counted as
//! those that do: nothing is told, and nothing can be read out of the stores.

use std::net::{IpAddr, Ipv6Addr};

use kit::{Call, Code, Error, Seal, System, Value, now, problem};

use crate::store::{self, Change};
use crate::text;
use crate::tries::Tries;

const DAY_MS: i64 = 86_400_000;
/// How long an address or network is known after the last time.
const KNOWN_MS: i64 = 90 * DAY_MS;
/// The most addresses and networks that are known of an account.
const PLACES: i64 = 40;

/// One try to sign in, which counts as a failure until it is none.
pub(crate) struct Attempt {
    account: String,
    /// The address and its network.
    places: [String; 2],
    /// The one of them that the account has signed in from, and when that was last noted.
    known: Option<(String, i64)>,
    /// What this try has called itself where it is counted.
    name: String,
}

/// A try that was not taken, and what names the account where its address must not be seen.
pub(crate) struct Refused {
    pub(crate) error: Error,
    pub(crate) account: String,
}

impl Attempt {
    /// Begins a try.
    ///
    /// # Errors
    /// `rate-limit-exceeded` when it comes too early; `service-unavailable` of the stores.
    pub(crate) fn begin(
        call: &Call,
        system: &System<'_>,
        seal: &Seal,
        email: &str,
    ) -> Result<Self, Refused> {
        let mut attempt = Self::of(call, seal, email);
        match attempt.take(system) {
            Ok(()) => Ok(attempt),
            Err(error) => Err(Refused { error, account: attempt.account }),
        }
    }

    fn take(&mut self, system: &System<'_>) -> kit::Result<()> {
        let [address, network] = &self.places;
        let rows = system.query(
            "SELECT network, last_at FROM sign_in_networks \
             WHERE account = $1 AND network IN ($2, $3) AND last_at > $4",
            &[text(&self.account), text(address), text(network), Value::Integer(now() - KNOWN_MS)],
        )?;
        let known = rows.into_iter().map(|mut row| (row.text(), row.integer()));
        self.known = known.max_by_key(|(place, _)| place == address);
        let (mut wait, mut name) = (None, String::new());
        store::update(&self.key(), |held| match Tries::take(Tries::read(held), now()) {
            Ok(tries) => {
                name = kit::id("try");
                Change::Write(tries.by(name.clone()))
            }
            Err(left) => {
                wait = Some(left);
                Change::Nothing
            }
        })?;
        self.name = name;
        wait.map_or(Ok(()), |left| Err(too_many(left)))
    }

    fn of(call: &Call, seal: &Seal, email: &str) -> Self {
        let address = call.header("x-client-address").and_then(|text| text.parse().ok());
        let places = address.map(places).unwrap_or_default();
        Self {
            account: seal.digest("account", email),
            // Not comparable between accounts.
            places: places.map(|place| seal.digest("network", &format!("{place} {email}"))),
            known: None,
            name: String::new(),
        }
    }

    /// Where failures are counted.
    fn key(&self) -> String {
        let Self { account, .. } = self;
        match &self.known {
            Some((place, _)) => format!("limit:sign-in:{account}:{place}"),
            None => format!("limit:sign-in:{account}"),
        }
    }

    /// What names the account where its address must not be seen.
    pub(crate) fn account(&self) -> &str {
        &self.account
    }

    /// It was no failure. Those of strangers stay counted, or each sign-in would give them more.
    ///
    /// # Errors
    /// `service-unavailable` of the store.
    pub(crate) fn succeeded(&self) -> kit::Result<()> {
        store::update(&self.key(), |held| match Tries::read(held) {
            Some(_) if self.known.is_some() => Change::Delete,
            Some(tries) => Change::Write(tries.give_back().by(kit::id("try"))),
            None => Change::Nothing,
        })
    }

    /// It was none at all: nobody looked at the password. Whoever is told to try again in a second
    /// need not wait for longer, unless somebody else has failed meanwhile.
    ///
    /// # Errors
    /// `service-unavailable` of the store.
    pub(crate) fn gives_back(&self) -> kit::Result<()> {
        store::update(&self.key(), |held| match Tries::read(held) {
            Some(tries) if tries.by == self.name => {
                Change::Write(tries.undo(now()).by(kit::id("try")))
            }
            Some(tries) => Change::Write(tries.give_back().by(kit::id("try"))),
            None => Change::Nothing,
        })
    }

    /// Notes the address and its network as known, in the running transaction.
    ///
    /// # Errors
    /// `internal-error` of the database.
    pub(crate) fn note(&self, system: &System<'_>) -> kit::Result<()> {
        let moment = now();
        let [address, network] = &self.places;
        // Once a day is often enough.
        let is_fresh = |known: &(String, i64)| known.0 == *address && moment - known.1 < DAY_MS;
        if self.known.as_ref().is_some_and(is_fresh) {
            return Ok(());
        }
        let of = [text(&self.account), text(address), text(network), Value::Integer(moment)];
        system.execute(
            "INSERT INTO sign_in_networks (account, network, last_at) \
             VALUES ($1, $2, $4), ($1, $3, $4) \
             ON CONFLICT (account, network) DO UPDATE SET last_at = $4",
            &of,
        )?;
        system.execute(
            "DELETE FROM sign_in_networks WHERE account = $1 AND (last_at < $2 OR network NOT IN \
             (SELECT network FROM sign_in_networks WHERE account = $1 \
             ORDER BY last_at DESC, network LIMIT $3))",
            &[text(&self.account), Value::Integer(moment - KNOWN_MS), Value::Integer(PLACES)],
        )?;
        Ok(())
    }
}

/// Notes the address of who has just registered as known, in the running transaction.
///
/// # Errors
/// `internal-error` of the database.
pub(crate) fn note(call: &Call, system: &System<'_>, seal: &Seal, email: &str) -> kit::Result<()> {
    Attempt::of(call, seal, email).note(system)
}

fn too_many(left_ms: i64) -> Error {
    let seconds = u32::try_from(left_ms.div_euclid(1000) + 1).unwrap_or(u32::MAX);
    let message = format!(
        "Too many sign-ins to this account have failed. Try again in {seconds} seconds, or from a network from which it has signed in before."
    );
    Error { retry_after: Some(seconds), ..problem(Code::RateLimitExceeded, message) }
}

/// The address (of IPv6 its /64, in which machines change theirs), and what one subscriber or site
/// holds: a /24 of IPv4, a /56 of IPv6.
fn places(address: IpAddr) -> [String; 2] {
    match address.to_canonical() {
        IpAddr::V4(v4) => {
            let [a, b, c, _] = v4.octets();
            [v4.to_string(), format!("{a}.{b}.{c}.0/24")]
        }
        IpAddr::V6(v6) => {
            let [a, b, c, d, ..] = v6.segments();
            let network = |d| Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0);
            [format!("{}/64", network(d)), format!("{}/56", network(d & 0xff00))]
        }
    }
}
