//! `tenantry doctor`

use super::{DataArgs, Manifest};
use host::{Options, Verdict};

pub(crate) const EXAMPLES: &str = "\
The command checks the manifest and its built functions, the variables, the runtime config,
the stores, their clocks, the schema and the keys. It changes nothing. Give it the same
settings as the server. It prints a line for each check, which begins with one of these:

  ok    all is well
  look  it works, but somebody should look at it
  BAD   a server would not start, or would not answer

If a check is not ok, then a second line says what to do. If a check is BAD, then the exit
code is 1.

Examples:
  tenantry doctor
  tenantry doctor --data /var/lib/tenantry --runtime-config redis.toml
  SPIN_VARIABLE_POSTGRES_URL=postgres://tenantry_app:…@db/tenantry \\
  SPIN_VARIABLE_POSTGRES_HOST=db:5432 tenantry doctor";

/// The column at which the text of a line begins, and the maximum width of a line.
const INDENT: usize = 22;
const WIDTH: usize = 100;

#[derive(clap::Args)]
pub(crate) struct Doctor {
    #[command(flatten)]
    manifest: Manifest,
    #[command(flatten)]
    data_args: DataArgs,
    /// Check a server that is started with `tenantry up --development`.
    #[arg(long)]
    development: bool,
    /// Check only this component; may be repeated.
    #[arg(long, value_name = "NAME")]
    component: Vec<String>,
}

impl Doctor {
    pub(crate) fn run(self) -> anyhow::Result<()> {
        let mut options = Options {
            data: self.data_args.data,
            runtime_config: self.data_args.runtime_config,
            components: self.component,
            development: self.development,
            ..Options::default()
        };
        self.manifest.choose(&mut options)?;
        let found = super::block_on(async { Ok(host::doctor(&options).await) })?;
        for finding in &found {
            let mark = match finding.verdict {
                Verdict::Pass => "ok",
                Verdict::Warn => "look",
                Verdict::Fail => "BAD",
            };
            println!("{mark:<4}  {:<14}  {}", finding.subject, wrap(&finding.text, INDENT));
            if !finding.remedy.is_empty() {
                println!("{:INDENT$}-> {}", "", wrap(&finding.remedy, INDENT + 3));
            }
        }
        let bad = found.iter().filter(|finding| finding.verdict == Verdict::Fail).count();
        anyhow::ensure!(bad == 0, "a server would not work: {bad} of {} are BAD", found.len());
        Ok(())
    }
}

/// Breaks a text that begins at a column into lines that begin there too.
fn wrap(text: &str, column: usize) -> String {
    let mut wrapped = String::new();
    let mut at = column;
    for word in text.split(' ') {
        let length = word.chars().count();
        if at > column && at + 1 + length > WIDTH {
            wrapped.push('\n');
            wrapped.push_str(&" ".repeat(column));
            at = column;
        } else if at > column {
            wrapped.push(' ');
            at += 1;
        }
        wrapped.push_str(word);
        at += length;
    }
    wrapped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_texts_are_wrapped_below_their_beginning() {
        assert_eq!(wrap("short", 22), "short");
        let text = "word ".repeat(30);
        let wrapped = wrap(text.trim(), 22);
        let lines: Vec<_> = wrapped.lines().collect();
        assert_eq!(lines.len(), 2);
        assert_eq!(22 + lines[0].len(), 22 + 74);
        assert!(lines[1].starts_with(&format!("{}word", " ".repeat(22))));
    }
}
