//! Passwords, hashed with argon2id: two passes over the 19 MiB that OWASP recommends. Only a server
//! in development may take less.

use argon2::password_hash::{Output, ParamsString, PasswordHash, Salt, SaltString};
use argon2::{Algorithm, Argon2, Block, Params, Version};
use kit::text::nfc;
use kit::{Code, Error, Internal, System, values};

/// Salt and output of a hash that no password has. They follow the parameters.
const DUMMY_HASH: &str = "$bm9ib2R5bm9ib2R5bm8$HmsC4DiAQn9RWDpeNUWnCsyUbB4xLAuzj4JdXKx4h64";

/// Hashes a password as a PHC string. The password is normalised to NFC, so that it is the same on
/// a keyboard that composes characters in another way (K-12; RFC 8265 section 4.2.2).
pub(crate) fn hash(password: &str, cost: Params) -> kit::Result<String> {
    let mut salt = [0; 16];
    getrandom::fill(&mut salt).internal()?;
    let salt = SaltString::encode_b64(&salt).map_err(Error::internal)?;
    let mut memory = allocate_blocks(&cost)?;
    let hash = PasswordHash {
        algorithm: Algorithm::Argon2id.ident(),
        version: Some(Version::V0x13.into()),
        params: ParamsString::try_from(&cost).map_err(Error::internal)?,
        salt: Some(salt.as_salt()),
        hash: Some(derive(&nfc(password), salt.as_salt(), Version::V0x13, cost, &mut memory)?),
    };
    Ok(hash.to_string())
}

/// Whether a password matches a hash. If there is no hash, then it takes as long as with a hash of
/// this cost.
///
/// The memory is reserved before anything else. So if this fails for lack of memory, then the
/// password was not compared.
pub(crate) fn verify(password: &str, hash: Option<&str>, cost: &Params) -> kit::Result<bool> {
    let nobody = || {
        let (memory, passes, lanes) = (cost.m_cost(), cost.t_cost(), cost.p_cost());
        format!("$argon2id$v=19$m={memory},t={passes},p={lanes}{DUMMY_HASH}")
    };
    let known = hash.map_or_else(nobody, str::to_owned);
    let known = PasswordHash::new(&known).map_err(Error::internal)?;
    let (Some(salt), Some(expected)) = (known.salt, known.hash) else {
        return Err(Error::internal("a hash without salt or output"));
    };
    let version = known.version.map_or(Ok(Version::default()), Version::try_from);
    let version = version.map_err(Error::internal)?;
    let params = Params::try_from(&known).map_err(Error::internal)?;
    let mut memory = allocate_blocks(&params)?;
    // The comparison takes the same time wherever the outputs differ.
    let mut is = |password: &str| -> kit::Result<bool> {
        Ok(derive(password, salt, version, params.clone(), &mut memory)? == expected)
    };
    let normal = nfc(password);
    // The password as it was typed: older hashes are from before passwords were normalised.
    let matches = is(&normal)? || normal != password && is(password)?;
    Ok(matches && hash.is_some())
}

/// Whether a person still has the password of this hash. Within a transaction that holds the lock of
/// the person, it stays so.
///
/// # Errors
/// `internal-error` of the database.
pub(crate) fn is_still(system: &System<'_>, person: &str, hash: &str) -> kit::Result<bool> {
    let sql = "SELECT COUNT(*) FROM users WHERE id = $1 AND password_hash = $2";
    let same: i64 = system.fetch_one(sql, values![person, hash])?;
    Ok(same == 1)
}

/// Reserves the memory of a hash. The allocation can fail: a host that limits how many hash at once
/// makes this call wait for memory, and refuses it if that takes too long.
fn allocate_blocks(params: &Params) -> kit::Result<Vec<Block>> {
    let mut blocks = Vec::new();
    blocks.try_reserve_exact(params.block_count()).map_err(|_| Error {
        retry_after: Some(1),
        internal: Some("there is no memory for a hash".to_owned()),
        ..Error::new(Code::ServiceUnavailable, "Too many sign-ins at once; try again in a moment.")
    })?;
    blocks.resize(params.block_count(), Block::default());
    Ok(blocks)
}

/// Computes argon2id of a password in this memory. Earlier content of the memory does not matter.
fn derive(
    password: &str,
    salt: Salt<'_>,
    version: Version,
    params: Params,
    memory: &mut [Block],
) -> kit::Result<Output> {
    let mut bytes = [0; Salt::MAX_LENGTH];
    let salt = salt.decode_b64(&mut bytes).map_err(Error::internal)?;
    let length = params.output_len().unwrap_or(Params::DEFAULT_OUTPUT_LEN);
    let argon2 = Argon2::new(Algorithm::Argon2id, version, params);
    let output = Output::init_with(length, |out| {
        Ok(argon2.hash_password_into_with_memory(password.as_bytes(), salt, out, &mut *memory)?)
    });
    output.map_err(Error::internal)
}
