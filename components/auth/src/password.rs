//! Passwords: argon2id with two passes over the memory that `argon2_memory_kib` says, which is at
//! least what OWASP recommends (19 MiB).

use argon2::password_hash::{Output, ParamsString, PasswordHash, Salt, SaltString};
use argon2::{Algorithm, Argon2, Block, Params, Version};
use kit::text::nfc;
use kit::{Code, Error, Internal, problem};

/// Behind the parameters, salt and output of a hash of no password.
const NOBODY: &str = "$bm9ib2R5bm9ib2R5bm8$HmsC4DiAQn9RWDpeNUWnCsyUbB4xLAuzj4JdXKx4h64";
/// The most memory of a hash, in KiB: half of what an instance may have.
const MOST: u32 = 64 << 10;

/// What a new hash costs, by the setting `argon2_memory_kib`. Only a developer's machine may spend
/// less than OWASP recommends.
///
/// # Errors
/// The setting is no number, or not within its bounds.
pub(crate) async fn cost() -> kit::Result<Params> {
    let setting = spin_sdk::variables::get("argon2_memory_kib").await.unwrap_or_default();
    let least =
        if kit::in_development().await { Params::MIN_M_COST } else { Params::DEFAULT_M_COST };
    let memory = setting.trim().parse().ok().filter(|memory| (least..=MOST).contains(memory));
    let wrong = || format!("argon2_memory_kib must be a number from {least} to {MOST}");
    let memory = memory.ok_or_else(wrong).internal()?;
    Params::new(memory, Params::DEFAULT_T_COST, Params::DEFAULT_P_COST, None).internal()
}

/// The PHC string of a password. One that is typed on another keyboard, which composes its
/// characters in another way, is the same (NFC, K-12; RFC 8265 section 4.2.2).
pub(crate) fn hash(password: &str, cost: Params) -> kit::Result<String> {
    let mut salt = [0; 16];
    getrandom::fill(&mut salt).internal()?;
    let salt = SaltString::encode_b64(&salt).map_err(Error::internal)?;
    let mut memory = blocks(&cost)?;
    let hash = PasswordHash {
        algorithm: Algorithm::Argon2id.ident(),
        version: Some(Version::V0x13.into()),
        params: ParamsString::try_from(&cost).map_err(Error::internal)?,
        salt: Some(salt.as_salt()),
        hash: Some(derive(&nfc(password), salt.as_salt(), Version::V0x13, cost, &mut memory)?),
    };
    Ok(hash.to_string())
}

/// Whether it is the password of this hash. Takes as long when there is no hash: as long as one of
/// this cost. One that fails has looked at nothing: all the memory that it needs comes first.
pub(crate) fn verify(password: &str, hash: Option<&str>, cost: &Params) -> kit::Result<bool> {
    let nobody = || {
        let (memory, passes, lanes) = (cost.m_cost(), cost.t_cost(), cost.p_cost());
        format!("$argon2id$v=19$m={memory},t={passes},p={lanes}{NOBODY}")
    };
    let known = hash.map_or_else(nobody, str::to_owned);
    let known = PasswordHash::new(&known).map_err(Error::internal)?;
    let (Some(salt), Some(expected)) = (known.salt, known.hash) else {
        return Err(Error::internal("a hash without salt or output"));
    };
    let version = known.version.map_or(Ok(Version::default()), Version::try_from);
    let version = version.map_err(Error::internal)?;
    let params = Params::try_from(&known).map_err(Error::internal)?;
    let mut memory = blocks(&params)?;
    // The comparison takes the same time whatever differs.
    let mut is = |password: &str| -> kit::Result<bool> {
        Ok(derive(password, salt, version, params.clone(), &mut memory)? == expected)
    };
    let normal = nfc(password);
    // As it was typed: so passwords were hashed before they were normalised.
    let matches = is(&normal)? || normal != password && is(password)?;
    Ok(matches && hash.is_some())
}

/// The memory of a hash. It is asked for and not just taken: a host that bounds how many hash at a
/// time makes this one wait for it, and refuses it when that takes too long.
fn blocks(params: &Params) -> kit::Result<Vec<Block>> {
    let mut blocks = Vec::new();
    blocks.try_reserve_exact(params.block_count()).map_err(|_| Error {
        retry_after: Some(1),
        internal: Some("there is no memory for a hash".to_owned()),
        ..problem(Code::ServiceUnavailable, "Too many sign in at once; try again in a moment.")
    })?;
    blocks.resize(params.block_count(), Block::default());
    Ok(blocks)
}

/// argon2id of a password, in this memory, whatever was in it.
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
