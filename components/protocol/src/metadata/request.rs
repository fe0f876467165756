//! What the gateway knows of a request and its function must know too.

use std::net::IpAddr;

use crate::{Location, Parameter, Request};

/// The header that holds the metadata: one field in each line. It is one header, because each costs
/// the function two calls of its allocator.
const METADATA: &str = "x-request-metadata";
/// Headers of clients whose content functions get as metadata only.
const READ_BY_THE_GATEWAY: [&str; 2] = ["x-request-id", "idempotency-key"];

/// The lines, in this order. A line is empty if the field is absent.
const LINES: usize = 7;
const YES: &str = "yes";

/// The metadata of a request. Clients cannot send it, because the gateway hands no header of this
/// name on. No field has a line break.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RequestMetadata {
    /// The id under which logs have the request.
    pub request_id: String,
    /// The address of the client; absent if the gateway does not know it.
    pub address: Option<IpAddr>,
    /// Whether the request comes straight from a program on this machine.
    pub is_local: bool,
    /// Whether a replica of the database may answer, because the caller has not written recently.
    pub is_for_replica: bool,
    /// What a revocation of the caller's token would name: see [`credential`]. Empty without a
    /// caller.
    pub credential: String,
    /// The `Idempotency-Key`, if the operation honours it and the client sent one.
    pub key: Option<Key>,
}

/// An `Idempotency-Key`, as functions see it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Key {
    /// An opaque value, bound to tenant, principal, method and path.
    pub key: String,
    /// The fingerprint of the body as it was sent.
    pub fingerprint: String,
}

/// The text of a credential: its subjects (user, client, login), each with the version that the
/// token was issued for.
pub fn credential<'a>(subjects: impl Iterator<Item = (&'a str, i64)>) -> String {
    let subjects = subjects.map(|(id, version)| format!("{id} {version}"));
    subjects.collect::<Vec<_>>().join(",")
}

impl RequestMetadata {
    /// The subjects of the credential, with their versions. `None` if there is no credential or if
    /// it cannot be read.
    pub fn subjects(&self) -> Option<Vec<(&str, i64)>> {
        fn subject(text: &str) -> Option<(&str, i64)> {
            let (id, version) = text.rsplit_once(' ')?;
            Some((id, version.parse().ok()?))
        }
        self.credential.split(',').map(subject).collect()
    }

    /// Whether functions know a header only as metadata. No contract may declare it.
    pub fn is_metadata(header: &str) -> bool {
        header == METADATA || READ_BY_THE_GATEWAY.contains(&header)
    }

    /// The address in a request that carries metadata.
    pub fn address(request: &Request) -> Option<IpAddr> {
        // The second line; the others are not needed for each call.
        request.header(METADATA)?.split('\n').nth(1)?.parse().ok()
    }

    /// Adds the metadata to the parameters of a request.
    pub fn write(mut self, parameters: &mut Vec<Parameter>) {
        if self.credential.contains('\n') {
            // An issuer would have to sign such an id. Without a credential nothing is believed.
            self.credential.clear();
        }
        let address = self.address.map(|address| address.to_string()).unwrap_or_default();
        let yes = |is: bool| if is { YES } else { "" };
        let (key, fingerprint) = match &self.key {
            Some(Key { key, fingerprint }) => (key.as_str(), fingerprint.as_str()),
            None => ("", ""),
        };
        let lines: [&str; LINES] = [
            &self.request_id,
            &address,
            yes(self.is_local),
            yes(self.is_for_replica),
            &self.credential,
            key,
            fingerprint,
        ];
        parameters.push(Parameter::header(METADATA, lines.join("\n")));
    }

    /// Takes the metadata out of the parameters of a request.
    pub fn take(parameters: &mut Vec<Parameter>) -> Self {
        let is_metadata = |it: &Parameter| it.location == Location::Header && it.name == METADATA;
        match parameters.iter().position(is_metadata) {
            Some(at) => Self::parse(&parameters.remove(at).value),
            None => Self::default(),
        }
    }

    fn parse(text: &str) -> Self {
        let mut lines = text.split('\n');
        let mut next = || lines.next().unwrap_or_default();
        Self {
            request_id: next().to_owned(),
            address: next().parse().ok(),
            is_local: next() == YES,
            is_for_replica: next() == YES,
            credential: next().to_owned(),
            key: match (next(), next()) {
                ("", _) | (_, "") => None,
                (key, fingerprint) => {
                    Some(Key { key: key.to_owned(), fingerprint: fingerprint.to_owned() })
                }
            },
        }
    }
}
