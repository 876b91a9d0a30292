//! Encoders and filters know integers only: what must be the same on every machine has no floating-point type in its code.

use std::fs;
use std::path::Path;

/// The code of a file without its comments and its unit tests, which compare with floating point.
fn code_of(path: &Path) -> String {
    let source = fs::read_to_string(path).expect("a source file");
    let code = source.split("#[cfg(test)]").next().unwrap_or_default();
    code.lines().map(|line| line.split("//").next().unwrap_or_default()).collect::<Vec<_>>().join("\n")
}

fn check(folder: &Path) -> usize {
    let mut files = 0;
    for entry in fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            files += check(&path);
            continue;
        }
        let code = code_of(&path);
        for word in code.split(|c: char| !c.is_alphanumeric() && c != '_' && c != '.') {
            let is_literal = word.split_once('.').is_some_and(|(whole, part)| {
                whole.starts_with(|c: char| c.is_ascii_digit()) && part.starts_with(|c: char| c.is_ascii_digit())
            });
            assert!(!word.contains("f32") && !word.contains("f64") && !is_literal, "{}: {word}", path.display());
        }
        files += 1;
    }
    files
}

#[test]
fn no_floating_point() {
    let src = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    assert!(check(&src.join("encode")) > 10);
    assert!(check(&src.join("filter")) > 10);
}
