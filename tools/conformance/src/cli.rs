//! The command line.

use std::path::PathBuf;

use clap::Parser;

use crate::check::Area;

/// Tests whether a running HTTP API keeps the specifications of its conventions.
#[derive(Parser)]
#[command(version, after_help = HELP)]
pub(crate) struct Cli {
    /// The base URL of the API, such as http://127.0.0.1:3000.
    #[arg(required_unless_present = "list")]
    pub(crate) base_url: Option<String>,
    /// The description of the API. The default is the built-in description of Tenantry.
    #[arg(long, value_name = "FILE")]
    pub(crate) target: Option<PathBuf>,
    /// Test only this area; may be repeated.
    #[arg(long, value_enum, value_name = "AREA")]
    pub(crate) only: Vec<Area>,
    /// Do not test this area; may be repeated.
    #[arg(long, value_enum, value_name = "AREA")]
    pub(crate) skip: Vec<Area>,
    /// Add a header to every request: 'Name: value'; may be repeated.
    #[arg(long, value_name = "LINE")]
    pub(crate) header: Vec<String>,
    /// Use up the quota of a caller. The description of the target can turn this on too.
    #[arg(long)]
    pub(crate) exhaust: bool,
    /// Treat warnings as failures.
    #[arg(long)]
    pub(crate) strict: bool,
    /// Write the results as JSON. `-` means stdout, and the summary then goes to stderr.
    #[arg(long, value_name = "FILE")]
    pub(crate) json: Option<PathBuf>,
    /// List all checks with their clauses, and send no requests.
    #[arg(long)]
    pub(crate) list: bool,
}

const HELP: &str = "\
Areas:
  problem      errors as problem details (RFC 9457), challenges, Allow, HEAD
  etag         ETag, If-None-Match, If-Match, and concurrent updates (RFC 9110 section 13)
  cursor       reading all pages of a list while it changes (AIP-158, RFC 8288)
  idempotency  Idempotency-Key (draft-ietf-httpapi-idempotency-key-header-07)
  deprecation  Deprecation, Sunset and their links (RFC 9745, RFC 8594)
  ratelimit    RateLimit fields (draft-ietf-httpapi-ratelimit-headers-10), 429, Retry-After

Each check is a MUST or a SHOULD. If a MUST fails, then the run fails. If a SHOULD fails, then
this is a warning. Each failure says what was observed, paraphrases the clause of the
specification, and says where to find it. If the target does not have a feature, then its
checks are skipped, with the reason.

The suite creates objects. If the target says how, it also creates new callers. Do not run it
against data that matters. It respects rate limits: after a 429 it waits, and writes a line to
stderr.

Examples:
  conformance http://127.0.0.1:3000
  conformance http://127.0.0.1:3000 --only idempotency --only etag
  conformance https://api.example.com --target my-api.toml --json results.json
  conformance --list

An https address needs a build with `--features tls`.

Exit status:
  0            all MUST checks pass
  1            some do not pass, or, with --strict, some SHOULD checks do not
  2            wrong use, or no server

docs/guides/conformance.md has the details, and says how to describe another API.";

impl Cli {
    /// The areas that are asked for, in the order of a run.
    pub(crate) fn areas(&self) -> Vec<Area> {
        let all = <Area as clap::ValueEnum>::value_variants().iter().copied();
        let wanted = |area: &Area| self.only.is_empty() || self.only.contains(area);
        all.filter(wanted).filter(|area| !self.skip.contains(area)).collect()
    }
}
