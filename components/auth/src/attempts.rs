//! Protects accounts against password guessing from any number of addresses. Failures in a row are
//! counted for each account. After some of them, each next try has to wait, longer each time (NIST
//! SP 800-63B section 5.2.2).
//!
//! A stranger must not lock the owner out by failing. So each address and network from which the
//! account has signed in before has a count of its own. The address is counted apart from the
//! network, so that not even a person in the owner's network can lock the owner out.
//!
//! Accounts and networks are stored as keyed hashes, so the stores tell nothing about them.
//! Accounts that do not exist are counted like those that do, so that answers do not tell which
//! exist.

use kit::{Call, Code, Error, Seal, System, entry, now, values};

use crate::failures::Failures;
use crate::origin::networks;
use crate::store::{self, Change};

const DAY_MS: i64 = 86_400_000;
/// How long an address or network stays known after its last sign-in.
const KNOWN_NETWORK_MS: i64 = 90 * DAY_MS;
/// The most known addresses and networks of an account.
const MAX_NETWORKS: i64 = 40;

/// One try to sign in. It counts as a failure until it succeeds.
pub(crate) struct Attempt {
    account: String,
    /// The hashes of the address and of its network.
    networks: [String; 2],
    /// The one of them that is known, and when it was last noted.
    known: Option<(String, i64)>,
    /// The id of this try in the entry where it is counted.
    name: String,
}

/// A try that came too early, and the hash of its account for places where the e-mail address must
/// not appear.
pub(crate) struct TooEarly {
    pub(crate) error: Error,
    pub(crate) account: String,
}

impl Attempt {
    /// Begins a try.
    ///
    /// # Errors
    /// `rate-limit-exceeded` if the try comes too early; `service-unavailable` if a store fails.
    pub(crate) fn begin(
        call: &Call,
        system: &System<'_>,
        seal: &Seal,
        email: &str,
    ) -> Result<Self, TooEarly> {
        let mut attempt = Self::of(call, seal, email);
        match attempt.take(system) {
            Ok(()) => Ok(attempt),
            Err(error) => Err(TooEarly { error, account: attempt.account }),
        }
    }

    fn take(&mut self, system: &System<'_>) -> kit::Result<()> {
        let [address, network] = &self.networks;
        let known = system.fetch_all::<(String, i64)>(
            "SELECT network, last_at FROM sign_in_networks \
             WHERE account = $1 AND network IN ($2, $3) AND last_at > $4",
            values![&self.account, address, network, now() - KNOWN_NETWORK_MS],
        )?;
        self.known = known.into_iter().max_by_key(|(network, _)| network == address);
        let (mut wait, mut name) = (None, String::new());
        store::update(&self.key(), |held| match Failures::count(Failures::read(held), now()) {
            Ok(failures) => {
                name = kit::id("try");
                Change::Write(failures.by(name.clone()))
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
        let address = call.metadata().address;
        let networks = address.map(networks).unwrap_or_default();
        Self {
            account: seal.digest("account", email),
            // Hashed with the account, so that the places of two accounts cannot be compared.
            networks: networks.map(|network| seal.digest("network", &format!("{network} {email}"))),
            known: None,
            name: String::new(),
        }
    }

    /// The key of the entry where failures are counted.
    fn key(&self) -> String {
        let Self { account, .. } = self;
        match &self.known {
            Some((network, _)) => entry::limit("sign-in", &format!("{account}:{network}")),
            None => entry::limit("sign-in", account),
        }
    }

    /// The hash of the account, for places where the e-mail address must not appear.
    pub(crate) fn account(&self) -> &str {
        &self.account
    }

    /// The try succeeded. The count of an unknown place is only reduced by this try. If it were
    /// deleted, then each sign-in of the owner would give strangers new tries.
    ///
    /// # Errors
    /// `service-unavailable` if the store fails.
    pub(crate) fn succeeded(&self) -> kit::Result<()> {
        store::update(&self.key(), |held| match Failures::read(held) {
            Some(_) if self.known.is_some() => Change::Delete,
            Some(failures) => Change::Write(failures.decrement().by(kit::id("try"))),
            None => Change::Nothing,
        })
    }

    /// The try was not checked: nobody compared the password. The client is told to try again in a
    /// second, so it should not wait for longer, unless another try has failed since.
    ///
    /// # Errors
    /// `service-unavailable` if the store fails.
    pub(crate) fn withdraw(&self) -> kit::Result<()> {
        store::update(&self.key(), |held| match Failures::read(held) {
            Some(failures) if failures.by == self.name => {
                Change::Write(failures.withdraw(now()).by(kit::id("try")))
            }
            Some(failures) => Change::Write(failures.decrement().by(kit::id("try"))),
            None => Change::Nothing,
        })
    }

    /// Notes the address and its network as known. To be called within a transaction.
    ///
    /// # Errors
    /// `internal-error` if the database fails.
    pub(crate) fn record_networks(&self, system: &System<'_>) -> kit::Result<()> {
        let now = now();
        let [address, network] = &self.networks;
        // Noting it once a day is enough.
        let is_fresh = |known: &(String, i64)| known.0 == *address && now - known.1 < DAY_MS;
        if self.known.as_ref().is_some_and(is_fresh) {
            return Ok(());
        }
        let of = values![&self.account, address, network, now];
        system.execute(
            "INSERT INTO sign_in_networks (account, network, last_at) \
             VALUES ($1, $2, $4), ($1, $3, $4) \
             ON CONFLICT (account, network) DO UPDATE SET last_at = $4",
            of,
        )?;
        system.execute(
            "DELETE FROM sign_in_networks WHERE account = $1 AND (last_at < $2 OR network NOT IN \
             (SELECT network FROM sign_in_networks WHERE account = $1 \
             ORDER BY last_at DESC, network LIMIT $3))",
            values![&self.account, now - KNOWN_NETWORK_MS, MAX_NETWORKS],
        )?;
        Ok(())
    }
}

/// Notes the address of a new user as known. To be called within a transaction.
///
/// # Errors
/// `internal-error` if the database fails.
pub(crate) fn record_networks(
    call: &Call,
    system: &System<'_>,
    seal: &Seal,
    email: &str,
) -> kit::Result<()> {
    Attempt::of(call, seal, email).record_networks(system)
}

fn too_many(left_ms: i64) -> Error {
    let seconds = u32::try_from(left_ms.div_euclid(1000) + 1).unwrap_or(u32::MAX);
    let message = format!(
        "Too many sign-ins to this account have failed. Try again in {seconds} seconds, or from a network from which it has signed in before."
    );
    Error { retry_after: Some(seconds), ..Error::new(Code::RateLimitExceeded, message) }
}
