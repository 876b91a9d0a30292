//! The core knows integers only: no floating-point type, literal or conversion stands in its code.

use std::fs;
use std::path::Path;

/// Source without comments, strings and characters: they may say what they like.
fn code_of(source: &str) -> String {
    let (mut code, mut rest) = (String::new(), source);
    while let Some(first) = rest.chars().next() {
        let skip = match first {
            '/' if rest.starts_with("//") => rest.find('\n').unwrap_or(rest.len()),
            '/' if rest.starts_with("/*") => rest.find("*/").map_or(rest.len(), |at| at + 2),
            '"' => string_end(rest),
            '\'' => character_end(rest),
            _ => 0,
        };
        if skip == 0 {
            code.push(first);
        } else {
            code.push(' ');
        }
        rest = &rest[skip.max(first.len_utf8())..];
    }
    code
}

fn string_end(text: &str) -> usize {
    let mut escaped = false;
    for (at, c) in text.char_indices().skip(1) {
        match c {
            '"' if !escaped => return at + 1,
            _ => escaped = c == '\\' && !escaped,
        }
    }
    text.len()
}

/// The length of a character literal; 0 for a lifetime.
fn character_end(text: &str) -> usize {
    let mut inner = text.chars().skip(1);
    match (inner.next(), inner.next()) {
        (Some('\\'), _) => text[2..].find('\'').map_or(0, |at| at + 3),
        (Some(c), Some('\'')) => c.len_utf8() + 2,
        _ => 0,
    }
}

/// What is floating-point in a line of code.
fn floats_in(line: &str) -> Vec<String> {
    let is_word = |c: char| c.is_alphanumeric() || c == '_';
    let mut found = Vec::new();
    let mut at = 0;
    while let Some(start) = line[at..].find(is_word).map(|offset| at + offset) {
        let end = line[start..].find(|c| !is_word(c)).map_or(line.len(), |offset| start + offset);
        let (word, after) = (&line[start..end], &line[end..]);
        at = end;
        // The 0 of `pair.0` is no number; the one of `0..n` is.
        let is_number = word.starts_with(|c: char| c.is_ascii_digit())
            && (!line[..start].ends_with('.') || line[..start].ends_with(".."));
        let after_digits = word.trim_start_matches(|c: char| c.is_ascii_digit() || c == '_');
        let has_point = after.starts_with('.')
            && !after.starts_with("..")
            && !after[1..].starts_with(|c: char| c.is_alphabetic() || c == '_');
        let has_exponent = after_digits.strip_prefix(['e', 'E']).is_some_and(|power| {
            power.starts_with(|c: char| c.is_ascii_digit()) || power.is_empty() && after.starts_with(['+', '-'])
        });
        let types = ["f16", "f32", "f64", "f128"];
        let (is_type, suffix) = (types.contains(&word), types.contains(&after_digits));
        if is_type || is_number && (has_point || has_exponent || suffix) {
            found.push(format!("{word}{}", if has_point { "." } else { "" }));
        }
    }
    found
}

fn floats(source: &str) -> Vec<String> {
    code_of(source).lines().flat_map(floats_in).collect()
}

fn search(folder: &Path, files: &mut usize, found: &mut Vec<String>) {
    for entry in fs::read_dir(folder).expect("the sources can be listed") {
        let path = entry.expect("a folder's entry can be read").path();
        if path.is_dir() {
            search(&path, files, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            *files += 1;
            let source = fs::read_to_string(&path).expect("a source can be read");
            found.extend(floats(&source).iter().map(|float| format!("{}: {float}", path.display())));
        }
    }
}

#[test]
fn no_floating_point_in_the_core() {
    let (mut files, mut found) = (0, Vec::new());
    search(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src"), &mut files, &mut found);
    assert!(files > 20, "only {files} files seen");
    assert!(found.is_empty(), "{}", found.join("\n"));
}

#[test]
fn floating_point_would_be_found() {
    for sample in [
        "let a: f32 = x;",
        "x as f64",
        "fn f(x: &[f32]) {}",
        "core::f64::consts::PI",
        "let a = 1.0;",
        "let a = 1.;",
        "(2.5 * x)",
        "let a = 1e3;",
        "let a = 1_000.25;",
        "let a = 1f32;",
        "let a = 2E-3;",
        "Vec::<f64>::new() // fine",
        "'a'; 3.5",
    ] {
        assert!(!floats(sample).is_empty(), "{sample}");
    }
    for sample in [
        "// 1.0 and f32",
        "/// 0.5 as f64",
        "/* 2.5 */ let a = 1;",
        "let a = \"1.0 f32 \\\" 2.0\";",
        "for i in 0..10 {}",
        "pair.0.1",
        "self.0.max(1)",
        "1.max(2)",
        "0..=3",
        "let f = 0x1e3; let g = 1usize; let h = 3u64;",
        "fn f<'a>(x: &'a str) -> char { '1' }",
        "let c = '\\''; let d = '.';",
        "a[1].b",
    ] {
        assert_eq!(floats(sample), Vec::<String>::new(), "{sample}");
    }
}
