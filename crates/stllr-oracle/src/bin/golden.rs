//! `golden DIR`: replays a folder of golden files and says how far the results are from what the files record.

use std::path::PathBuf;
use std::process::ExitCode;

use stllr_oracle::golden::report_folder;

const HELP: &str = "\
Usage: golden DIR [--json]

Replays every .json file of DIR: runs of the official S-TLLR layers and networks, recorded step by step.
Prints one line a file:
  oracle   the largest absolute deviation of the float64 reference, and the quantity it is in; at most 1e-9
  core     the largest absolute deviations of the integer core, its values rounded to its formats, and the part of the
           bound derived from these formats that they come to, with the file and (rounded) with the reference at the
           rounded values; how many spikes differ and how far from the threshold. Or why a case does not fit.

Options:
  --json   one JSON document instead of lines, with the deviation and bound of every quantity
  --help   this text

Exit code: 0 when every file is within the bound, 1 when one is not, 2 when DIR or a file cannot be read.";

const UNREADABLE: u8 = 2;

struct Options {
    folder: PathBuf,
    json: bool,
}

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if arguments.iter().any(|argument| argument == "--help" || argument == "-h") {
        println!("{HELP}");
        return ExitCode::SUCCESS;
    }
    match parse(&arguments).and_then(|options| run(&options)) {
        Ok(code) => code,
        Err(problem) => {
            eprintln!("golden: {problem}");
            ExitCode::from(UNREADABLE)
        }
    }
}

fn parse(arguments: &[String]) -> Result<Options, String> {
    let (flags, folders): (Vec<_>, Vec<_>) = arguments.iter().partition(|argument| argument.starts_with('-'));
    if let Some(flag) = flags.iter().find(|flag| *flag != &"--json") {
        return Err(format!("{flag}: unknown option; allowed: --json, --help"));
    }
    match folders[..] {
        [folder] => Ok(Options { folder: folder.into(), json: !flags.is_empty() }),
        _ => Err(format!("{} folders given; exactly one is needed: golden DIR [--json]", folders.len())),
    }
}

fn run(options: &Options) -> Result<ExitCode, String> {
    let report = report_folder(&options.folder)?;
    if options.json {
        let text = serde_json::to_string_pretty(&report).map_err(|error| error.to_string())?;
        println!("{text}");
    } else {
        report.files.iter().for_each(|file| println!("{file}"));
    }
    for (file, problem) in &report.unreadable {
        eprintln!("golden: {file}: {problem}");
    }
    let off = report.files.iter().filter(|file| !file.passed()).count();
    if !options.json {
        println!(
            "{} files within their bounds, {off} off, {} unreadable",
            report.files.len() - off,
            report.unreadable.len()
        );
    }
    if !report.unreadable.is_empty() {
        return Ok(ExitCode::from(UNREADABLE));
    }
    Ok(if off > 0 { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}
