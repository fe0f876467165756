//! The command line.

use std::path::PathBuf;

use clap::Parser;

use crate::check::Area;

/// Holds a running HTTP API against the specifications of its conventions.
#[derive(Parser)]
#[command(version, after_help = HELP)]
pub(crate) struct Cli {
    /// Where the API is, such as http://127.0.0.1:3000.
    #[arg(required_unless_present = "list")]
    pub(crate) base_url: Option<String>,
    /// The description of the API; the built-in one is of Tenantry.
    #[arg(long, value_name = "FILE")]
    pub(crate) target: Option<PathBuf>,
    /// Only this area; may be repeated.
    #[arg(long, value_enum, value_name = "AREA")]
    pub(crate) only: Vec<Area>,
    /// Not this area; may be repeated.
    #[arg(long, value_enum, value_name = "AREA")]
    pub(crate) skip: Vec<Area>,
    /// Adds a header to every request: 'Name: value'; may be repeated.
    #[arg(long, value_name = "LINE")]
    pub(crate) header: Vec<String>,
    /// Uses up the quota of a caller, which the target may have on already.
    #[arg(long)]
    pub(crate) exhaust: bool,
    /// A warning is a failure.
    #[arg(long)]
    pub(crate) strict: bool,
    /// Writes the results as JSON; `-` is stdout, and the summary then goes to stderr.
    #[arg(long, value_name = "FILE")]
    pub(crate) json: Option<PathBuf>,
    /// Lists all checks with their clauses, and asks nothing.
    #[arg(long)]
    pub(crate) list: bool,
}

const HELP: &str = "\
Areas:
  problem      refusals as problem details (RFC 9457), challenges, Allow, HEAD
  etag         ETag, If-None-Match, If-Match, and updates that race (RFC 9110 section 13)
  cursor       walks through a list while it changes (AIP-158, RFC 8288)
  idempotency  Idempotency-Key (draft-ietf-httpapi-idempotency-key-header-07)
  deprecation  Deprecation, Sunset and their links (RFC 9745, RFC 8594)
  ratelimit    RateLimit fields (draft-ietf-httpapi-ratelimit-headers-10), 429, Retry-After

A check is a MUST, whose failure fails the run, or a SHOULD, whose failure is a warning. Each
failure tells what was seen, the clause in other words, and where the clause is. What a target
does not have is skipped, with the reason.

The suite makes objects and, where the target says how, new callers. Do not point it at data
that matters. It keeps to rate limits: a 429 is waited out, with a line on stderr.

Examples:
  conformance http://127.0.0.1:3000
  conformance http://127.0.0.1:3000 --only idempotency --only etag
  conformance https://api.example.com --target my-api.toml --json results.json
  conformance --list

An https address needs a build with `--features tls`.

Exit status: 0 all MUST checks pass, 1 some do not, 2 wrong use or no server.
docs/guides/conformance.md has the whole story, and how to describe another API.";

impl Cli {
    /// The areas that are asked for, in the order of a run.
    pub(crate) fn areas(&self) -> Vec<Area> {
        let all = <Area as clap::ValueEnum>::value_variants().iter().copied();
        let wanted = |area: &Area| self.only.is_empty() || self.only.contains(area);
        all.filter(wanted).filter(|area| !self.skip.contains(area)).collect()
    }
}
