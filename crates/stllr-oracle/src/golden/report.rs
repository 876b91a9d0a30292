//! A folder of golden files, one report a file.

use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};

use serde::Serialize;

use super::Case;
use super::core::CoreColumn;

/// The largest absolute deviation of any quantity that is still taken for equal. Both sides compute in `f64`; only the
/// order of their sums differs, so an honest replay stays near 1e-13.
pub const ORACLE_BOUND: f64 = 1e-9;

/// Reports of all `.json` files of a folder.
#[derive(Debug, Serialize)]
pub struct FolderReport {
    /// One a file, in the order of the names.
    pub files: Vec<FileReport>,
    /// Files that could not be read, by name: what is wrong and where.
    pub unreadable: BTreeMap<String, String>,
}

/// What a golden file's replay gave; one member a column.
#[derive(Debug, Serialize)]
pub struct FileReport {
    /// The case's name.
    pub name: String,
    /// The case's kind.
    pub kind: String,
    /// The `f64` reference.
    pub oracle: OracleColumn,
    /// The integer core.
    pub core: CoreColumn,
}

/// How the reference did.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct OracleColumn {
    /// Largest absolute deviation of all quantities; `null` in JSON where it is infinite.
    pub deviation: f64,
    /// The quantity it was found in.
    pub quantity: String,
    /// Largest absolute deviation of each quantity.
    pub by_quantity: BTreeMap<String, f64>,
    /// Whether all of them are within [`ORACLE_BOUND`].
    pub within_bound: bool,
}

impl FileReport {
    /// Replays a case.
    pub fn of(case: &Case) -> Self {
        Self {
            name: case.name().to_owned(),
            kind: case.kind().to_owned(),
            oracle: OracleColumn::of(case),
            core: CoreColumn::of(case),
        }
    }

    /// Whether every column is within its bound.
    pub fn passed(&self) -> bool {
        self.oracle.within_bound && self.core.within_bound()
    }
}

impl OracleColumn {
    fn of(case: &Case) -> Self {
        let deviations = case.replay();
        let (quantity, deviation) = deviations.largest();
        Self {
            deviation,
            quantity: quantity.to_owned(),
            by_quantity: deviations.by_quantity().clone(),
            within_bound: deviation <= ORACLE_BOUND,
        }
    }
}

impl fmt::Display for FileReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:<26} {:<17} {}; {}", self.name, self.kind, self.oracle, self.core)
    }
}

impl fmt::Display for OracleColumn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "oracle {:.1e} ({})", self.deviation, self.quantity)?;
        if !self.within_bound {
            write!(f, " OFF by more than {ORACLE_BOUND:.0e}")?;
        }
        Ok(())
    }
}

/// Replays every `.json` file of a folder. The error says what is wrong with the folder; files that cannot be read are
/// part of the report.
pub fn report_folder(folder: &Path) -> Result<FolderReport, String> {
    let mut report = FolderReport { files: vec![], unreadable: BTreeMap::new() };
    for path in golden_files(folder)? {
        match Case::read(&path) {
            Ok(case) => report.files.push(FileReport::of(&case)),
            Err(error) => {
                let name = path.file_name().unwrap_or_default().to_string_lossy();
                report.unreadable.insert(name.into_owned(), error.to_string());
            }
        }
    }
    Ok(report)
}

fn golden_files(folder: &Path) -> Result<Vec<PathBuf>, String> {
    let entries = std::fs::read_dir(folder)
        .map_err(|error| format!("{}: {error}; a folder of golden .json files is needed", folder.display()))?;
    let paths = entries.map(|entry| entry.map(|entry| entry.path())).collect::<Result<Vec<_>, _>>();
    let mut paths = paths.map_err(|error| format!("{}: {error}", folder.display()))?;
    paths.retain(|path| path.extension().is_some_and(|extension| extension == "json"));
    if paths.is_empty() {
        return Err(format!("{}: no .json file in this folder", folder.display()));
    }
    paths.sort();
    Ok(paths)
}
