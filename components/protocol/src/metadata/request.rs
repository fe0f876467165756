//! What the gateway knows of a request and its function must know too.

use std::net::IpAddr;

use crate::{Location, Parameter, Request};

const REQUEST_ID: &str = "x-request-id";
const ADDRESS: &str = "x-client-address";
const LOCAL: &str = "x-client-local";
const CREDENTIAL: &str = "x-credential";
const READ_FROM: &str = "x-read-from";
const KEY: &str = "idempotency-key";
const FINGERPRINT: &str = "idempotency-fingerprint";
const REPLICA: &str = "replica";

/// The metadata of a request. Clients cannot send it, because the gateway hands no header with one
/// of these names on.
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

    /// Whether a header is metadata. Nobody else may send it.
    pub fn is_metadata(header: &str) -> bool {
        let all = [REQUEST_ID, ADDRESS, LOCAL, CREDENTIAL, READ_FROM, KEY, FINGERPRINT];
        all.contains(&header)
    }

    /// The address in a request that carries metadata.
    pub fn address(request: &Request) -> Option<IpAddr> {
        request.header(ADDRESS)?.parse().ok()
    }

    /// Adds the metadata to the parameters of a request.
    pub fn write(self, parameters: &mut Vec<Parameter>) {
        let mut add = |name, value| parameters.push(Parameter::header(name, value));
        add(REQUEST_ID, self.request_id);
        if let Some(address) = self.address {
            add(ADDRESS, address.to_string());
        }
        if self.is_local {
            add(LOCAL, "true".to_owned());
        }
        if self.is_for_replica {
            add(READ_FROM, REPLICA.to_owned());
        }
        if !self.credential.is_empty() {
            add(CREDENTIAL, self.credential);
        }
        if let Some(Key { key, fingerprint }) = self.key {
            add(KEY, key);
            add(FINGERPRINT, fingerprint);
        }
    }

    /// Takes the metadata out of the parameters of a request.
    pub fn take(parameters: &mut Vec<Parameter>) -> Self {
        let (mut metadata, mut key, mut fingerprint) = (Self::default(), None, None);
        parameters.retain_mut(|parameter| {
            if parameter.location != Location::Header {
                return true;
            }
            let value = &mut parameter.value;
            match parameter.name.as_str() {
                REQUEST_ID => metadata.request_id = std::mem::take(value),
                ADDRESS => metadata.address = value.parse().ok(),
                LOCAL => metadata.is_local = value == "true",
                READ_FROM => metadata.is_for_replica = value == REPLICA,
                CREDENTIAL => metadata.credential = std::mem::take(value),
                KEY => key = Some(std::mem::take(value)),
                FINGERPRINT => fingerprint = Some(std::mem::take(value)),
                _ => return true,
            }
            false
        });
        metadata.key = key.zip(fingerprint).map(|(key, fingerprint)| Key { key, fingerprint });
        metadata
    }
}
