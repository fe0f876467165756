//! The pictures of a report, as SVG: ratios to the native server, latency under load, and what a
//! long list or queue costs.

mod bars;
mod growth;
mod latency;
mod lines;
mod ratios;
mod scale;
mod svg;

use std::fs;
use std::path::Path;

use anyhow::Context as _;

use crate::report::Report;

/// Writes the pictures of what was measured. Others that are in the folder stay as they are.
///
/// # Errors
/// A folder that cannot be written.
pub(crate) fn write(report: &Report, folder: &Path) -> anyhow::Result<()> {
    fs::create_dir_all(folder).with_context(|| folder.display().to_string())?;
    let pictures = [
        ("ratios.svg", ratios::draw(&report.summary)),
        ("latency.svg", latency::draw(&report.overload)),
        ("growth.svg", growth::draw(&report.scaling, &report.deliveries)),
    ];
    for (name, picture) in pictures {
        let Some(picture) = picture else { continue };
        let file = folder.join(name);
        fs::write(&file, picture).with_context(|| file.display().to_string())?;
        eprintln!("Drawn: {}", file.display());
    }
    Ok(())
}
