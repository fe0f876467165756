//! The rows: the same in every run and in every database, except for their ids and times.

/// The time span in which the projects were made, at even distances.
const AGE_MS: i64 = 3 * 365 * 86_400_000;

const PLACES: [&str; 8] =
    ["Harbour", "Mill Lane", "Northfield", "Airport", "Old Quarry", "Depot", "Campus", "Ridge"];
const WORKS: [&str; 5] =
    ["BESS Retrofit", "PV Extension", "Grid Connection", "Inverter Exchange", "Survey"];
const STATUSES: [&str; 8] =
    ["ACTIVE", "ACTIVE", "ACTIVE", "ACTIVE", "PAUSED", "COMPLETED", "COMPLETED", "ARCHIVED"];
const LABELS: [&str; 4] = [
    r#"{"region":"north"}"#,
    r#"{"region":"south"}"#,
    r#"{"phase":"2","region":"east"}"#,
    r#"{"region":"west"}"#,
];
const TAGS: [&str; 3] = [r#"["battery"]"#, r#"["battery","solar"]"#, "[]"];

/// The beginning of the statements that insert the rows.
pub(super) const COLUMNS: &str = "projects (tenant_id, id, owner_id, name, description, status, \
     labels, tags, version, created_at, updated_at)";
pub(crate) const DESCRIPTION: &str = "Replacement of the storage and of its controls";

/// The values that differ between projects.
pub(crate) struct Row {
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) status: &'static str,
    pub(crate) labels: &'static str,
    pub(crate) tags: &'static str,
    pub(crate) created_at: i64,
    pub(crate) updated_at: i64,
}

/// `count` projects, the oldest first. This is also the order of their ids.
pub(crate) fn rows(count: u64, now: i64) -> anyhow::Result<impl Iterator<Item = Row>> {
    let mut random = Random(count);
    let step = (AGE_MS / i64::try_from(count)?).max(1);
    let created = (0..i64::try_from(count)?).map(move |number| now - AGE_MS + number * step);
    Ok(created.zip(0_u64..).map(move |(begin, number)| {
        let created_at = begin + random.below(step);
        let updated_at = created_at + random.below((now - created_at).max(1));
        // The ids are made like real ones, so they sort before any id that is made later.
        let tail = u128::from(random.next()) << 40 | u128::from(random.next()) >> 20;
        let id = u128::from(created_at.cast_unsigned()) << 80 | tail;
        Row {
            id: format!("prj_{:0>22}", base62::encode(id)),
            name: format!("{} {number} – {}", random.one(&PLACES), random.one(&WORKS)),
            status: random.one(&STATUSES),
            labels: random.one(&LABELS),
            tags: random.one(&TAGS),
            created_at,
            updated_at,
        }
    }))
}

/// Knuth's MMIX generator, which makes the same choices in every run.
pub(crate) struct Random(pub(crate) u64);

impl Random {
    /// The next 31 bits.
    pub(crate) fn next(&mut self) -> u32 {
        let next = self.0.wrapping_mul(6_364_136_223_846_793_005);
        self.0 = next.wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as u32
    }

    fn below(&mut self, end: i64) -> i64 {
        let number = i64::from(self.next()) << 31 | i64::from(self.next());
        number % end
    }

    fn one(&mut self, of: &[&'static str]) -> &'static str {
        of[self.next() as usize % of.len()]
    }
}
