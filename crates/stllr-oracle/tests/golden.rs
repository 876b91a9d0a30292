//! The reference against the official code's recorded runs, and the reader and the command around it.
//!
//! The recordings lie beside the repository, in `../shared/golden`. Tests that need them say so and pass where the
//! folder is missing; `fixtures/by_hand.json`, two steps computed by hand, serves the others.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use serde_json::{Value, json};
use stllr_oracle::golden::core::{CoreColumn, Replayed};
use stllr_oracle::golden::{Case, LayerCase, LayerKind, ORACLE_BOUND, report_folder};
use stllr_oracle::neuron::Reset;
use stllr_oracle::training::Mode;

const BY_HAND: &str = include_str!("fixtures/by_hand.json");

/// The recordings' folder, or a line that says that `test` is skipped.
fn recordings(test: &str) -> Option<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/golden");
    if folder.is_dir() {
        return Some(folder);
    }
    // not by eprintln!, which is shown for failed tests only
    let line = format!("skipped: {test}: ../shared/golden is not there\n");
    std::io::stderr().write_all(line.as_bytes()).expect("stderr is open");
    None
}

fn cases(folder: &Path) -> Vec<(Value, Case)> {
    let mut paths: Vec<_> = folder.read_dir().expect("a folder").map(|entry| entry.expect("an entry").path()).collect();
    paths.retain(|path| path.extension().is_some_and(|extension| extension == "json"));
    paths.sort();
    let read = |path: &PathBuf| {
        let text = std::fs::read_to_string(path).expect("a file");
        let case = Case::parse(&text).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        (serde_json::from_str(&text).expect("JSON"), case)
    };
    paths.iter().map(read).collect()
}

#[test]
fn every_recorded_run_is_reproduced() {
    let Some(folder) = recordings("every_recorded_run_is_reproduced") else { return };
    let report = report_folder(&folder).expect("a folder of golden files");
    assert!(report.unreadable.is_empty(), "{:?}", report.unreadable);
    for file in &report.files {
        assert!(file.oracle.deviation <= ORACLE_BOUND, "{file}");
    }
    let networks = report.files.iter().filter(|file| file.kind.starts_with("network")).count();
    assert!(report.files.len() - networks >= 12 && networks >= 4, "12 layer files and 4 network files");
}

#[test]
fn every_quantity_of_a_layer_file_is_compared() {
    let Some(folder) = recordings("every_quantity_of_a_layer_file_is_compared") else { return };
    for (file, case) in cases(&folder).iter().filter(|(file, _)| file["steps"].is_object()) {
        let deviations = case.replay();
        let steps = file["steps"].as_object().expect("an object").keys();
        let totals = file
            .as_object()
            .expect("an object")
            .keys()
            .filter(|key| key.starts_with("sum_") || key.ends_with("_effective"));
        for quantity in steps.chain(totals) {
            assert!(deviations.by_quantity().contains_key(quantity), "{}: {quantity} was not compared", case.name());
        }
    }
}

#[test]
fn every_quantity_of_a_network_file_is_compared() {
    let Some(folder) = recordings("every_quantity_of_a_network_file_is_compared") else { return };
    for (file, case) in cases(&folder).iter().filter(|(file, _)| file["sequences"].is_array()) {
        let deviations = case.replay();
        let names = |field: &str, tensors: &Value| -> Vec<String> {
            tensors.as_object().into_iter().flatten().map(|(name, _)| format!("{field}.{name}")).collect()
        };
        let sequence = &file["sequences"][0];
        let mut wanted = ["logits", "hidden_spikes", "loss", "learn_step"].map(str::to_owned).to_vec();
        wanted.extend(names("grads", &sequence["grads"]));
        wanted.extend(names("params_after", &sequence["params_after"][0]));
        for quantity in wanted {
            assert!(deviations.by_quantity().contains_key(&quantity), "{}: {quantity} was not compared", case.name());
        }
    }
}

#[test]
fn one_weight_off_by_a_millionth_is_noticed() {
    let Some(folder) = recordings("one_weight_off_by_a_millionth_is_noticed") else { return };
    for (_, mut case) in cases(&folder) {
        match &mut case {
            Case::Layer(case) => case.parameters.weight.raw[0] += 1e-6,
            Case::Network(case) => case.hidden_parameters.weight.raw[0] += 1e-6,
        }
        let deviations = case.replay();
        assert!(deviations.largest().1 > ORACLE_BOUND, "{}: {:?}", case.name(), deviations.largest());
    }
}

#[test]
fn damaged_network_files_are_refused_with_the_field() {
    let Some(folder) = recordings("damaged_network_files_are_refused_with_the_field") else { return };
    let (file, _) = cases(&folder).into_iter().find(|(file, _)| file["feedback"] == "DFA").expect("a DFA network");
    let damages: [(&str, Value, &str); 8] = [
        ("/sequences", json!([]), "sequences: 0 given; at least 1 is needed"),
        ("/sequences/1/label/0", json!(3), "sequences[1].label[0]: 3 given; allowed: a whole number from 0 to 2"),
        (
            "/sequences/0/params_after",
            json!([]),
            "sequences[0].params_after: 0 snapshots given; 1 are needed, one a step of the optimiser",
        ),
        ("/sequences/2/grads/h.gain", Value::Null, "sequences[2].grads.h.gain: missing"),
        ("/feedback", json!("RTRL"), "feedback: \"RTRL\" given; allowed: BP, DFA"),
        ("/optimizer", json!("LBFGS"), "optimizer: \"LBFGS\" given; allowed: SGD, Adam"),
        ("/mode", json!("offline"), "mode: \"offline\" given; allowed: sequence, online"),
        ("/hidden_layer/threshold", json!("high"), "hidden_layer.threshold: a text given; a number is needed"),
    ];
    for (pointer, value, message) in damages {
        refused(&file, pointer, value, message);
    }
}

fn replayed(case: &Case) -> Result<Replayed, String> {
    match CoreColumn::of(case) {
        CoreColumn::Replayed(replayed) => Ok(*replayed),
        CoreColumn::DoesNotFit { does_not_fit } => Err(does_not_fit),
    }
}

#[test]
fn the_core_is_within_its_bound_on_every_recorded_run_that_fits() {
    let Some(folder) = recordings("the_core_is_within_its_bound_on_every_recorded_run_that_fits") else { return };
    for (_, case) in cases(&folder) {
        let name = case.name();
        let replayed = replayed(&case).expect(name);
        assert!(replayed.within_bound, "{name}: {replayed}");
        for (quantity, measured) in &replayed.file.by_quantity {
            assert!(measured.centre <= ORACLE_BOUND, "{name}: {quantity}: the bounds are around the file's values");
        }
        // A bound that nothing comes near would not notice much; the tight one must be well below the one of the file.
        assert!(replayed.rounded.nearest_to_bound().1 > 0.5, "{name}: {replayed}");
        let bound = |comparison: &stllr_oracle::golden::core::Comparison| -> f64 {
            let membranes = ["mem_pre_reset", "logits"].iter().filter_map(|name| comparison.by_quantity.get(name));
            membranes.map(|measured| measured.bound).sum()
        };
        assert!(bound(&replayed.rounded) < bound(&replayed.file), "{name}");
    }
}

#[test]
fn the_core_is_compared_in_every_quantity_that_it_has() {
    let Some(folder) = recordings("the_core_is_compared_in_every_quantity_that_it_has") else { return };
    for (_, case) in cases(&folder) {
        let (wanted, online) = match &case {
            Case::Layer(case) => (quantities_of_the_core(case), false),
            Case::Network(case) => {
                let names = case.sequences[0].gradients.iter().flatten().map(|(name, _)| format!("grads.{name}"));
                (names.chain(["logits".to_owned()]).collect(), case.mode == Mode::Online)
            }
        };
        let replayed = replayed(&case).expect("it fits");
        assert_eq!(replayed.left_out.is_some(), online);
        let mut compared: Vec<_> = replayed.file.by_quantity.keys().map(|name| (*name).to_owned()).collect();
        compared.sort();
        assert_eq!(compared, sorted(wanted), "{}", case.name());
        assert!(replayed.file.by_quantity.keys().eq(replayed.rounded.by_quantity.keys()));
    }
}

fn sorted(mut names: Vec<String>) -> Vec<String> {
    names.sort();
    names
}

/// All quantities of a layer file but those that the core has not at hand: spikes are counted apart, the trace of psi is
/// kept only where it is used and then shown after the step, like that of the layer's own spikes before it.
fn quantities_of_the_core(case: &LayerCase) -> Vec<String> {
    let absent = |name: &str| match name {
        "output" | "trace_out_used" | "trace_in_rec_next" => true,
        "mem_post_reset" => case.kind == LayerKind::Readout,
        "trace_out" => case.factors.alpha_post == 0.0,
        _ => false,
    };
    case.recorded.keys().filter(|name| !absent(name)).map(|name| (*name).to_owned()).collect()
}

#[test]
fn the_core_stays_within_its_bound_in_two_steps_by_hand() {
    let case = Case::parse(BY_HAND).expect("a case");
    let by_hand = replayed(&case).expect("it fits");
    assert!(by_hand.within_bound, "{by_hand}");
    assert_eq!(by_hand.file.by_quantity["mem_pre_reset"].deviation, 0.0, "weights of 1.5 are exact");
    let Case::Layer(mut case) = case else { panic!("a layer case") };
    for quantity in
        ["mem_pre_reset", "mem_post_reset", "trace_in", "trace_out", "grad_input", "grad_weight", "grad_bias"]
    {
        let recorded = case.recorded.clone();
        case.recorded.get_mut(quantity).expect("recorded").values[0] += 1e-3;
        let off = replayed(&Case::Layer(case.clone())).expect("it fits");
        assert!(!off.within_bound && off.file.nearest_to_bound().0 == quantity, "{quantity}: {off}");
        assert!(off.to_string().contains(&format!(" OFF: {quantity} of the file by ")), "{off}");
        case.recorded = recorded;
    }
}

#[test]
fn what_does_not_fit_the_core_is_said() {
    let Ok(Case::Layer(mut fitting)) = Case::parse(BY_HAND) else { panic!("a layer case") };
    // Standardised, these weights are -1.5 and 1.5 still.
    fitting.parameters.weight.raw = vec![38.0, 40.0];
    let refused = |damage: fn(&mut LayerCase)| {
        let mut case = fitting.clone();
        damage(&mut case);
        replayed(&Case::Layer(case)).expect_err("it does not fit")
    };
    assert_eq!(refused(|case| case.reset = Reset::None), "reset: none given; the core takes soft and hard");
    assert_eq!(refused(|case| case.input.values[1] = 0.5), "input: 0.5 given; the core takes spikes, 0 or 1");
    assert_eq!(refused(|case| case.threshold = 65.0), "threshold: 65 given; the core takes 0.5 to 64");
    assert_eq!(refused(|case| case.factors.lambda_pre = 1.25), "lambda_pre: 1.25 given; the core takes 0 to 1");
    assert_eq!(
        refused(|case| case.factors.alpha_post = 100.0),
        "alpha_post: 100 given; the core takes 0 and magnitudes from 2^-16 to 16"
    );
    assert_eq!(
        refused(|case| case.grad_output.values[0] = -20.0),
        "learning signal: -20 given; the core takes magnitudes up to 16"
    );
    assert_eq!(
        refused(|case| case.parameters.weight.standardisation = None),
        "weight: 38 given; the core takes magnitudes up to 31.99609375"
    );
}

#[test]
fn two_steps_by_hand() {
    let deviations = Case::parse(BY_HAND).expect("a case").replay();
    assert!(deviations.largest().1 < 1e-15, "{:?}", deviations.largest());
    let Ok(Case::Layer(mut case)) = Case::parse(BY_HAND) else { panic!("a layer case") };
    case.parameters.weight.raw[1] += 1e-6;
    // an output with two weights standardises them to the same values always: only the bias shows a change
    assert!(Case::Layer(case.clone()).replay().largest().1 < 1e-14);
    case.parameters.bias = Some(vec![1e-6]);
    assert!(Case::Layer(case).replay().largest().1 > ORACLE_BOUND);
}

#[test]
fn damaged_layer_files_are_refused_with_the_field() {
    let file: Value = serde_json::from_str(BY_HAND).expect("JSON");
    let damages: [(&str, Value, &str); 12] = [
        ("/steps/trace_in/1", json!([1.0]), "steps.trace_in[1]: 1 values given; 2 are needed"),
        ("/steps/trace_in/1/0", json!("x"), "steps.trace_in[1][0]: a text given; a number is needed"),
        ("/steps/grad_weight", Value::Null, "steps.grad_weight: missing"),
        ("/steps", json!([]), "steps: an array given; an object is needed"),
        ("/input", json!([[0, 1]]), "input: 1 values given; 2 are needed"),
        ("/T", json!(0), "T: 0 given; allowed: a whole number from 1 to 65536"),
        ("/batch", json!(2), "batch: 2 given; a layer file has 1"),
        (
            "/kind",
            json!("pool"),
            "kind: \"pool\" given; allowed: dense, recurrent, readout, conv, network_dense, network_recurrent",
        ),
        ("/psi", json!("relu"), "psi: \"relu\" given; allowed: exp, tri, sigmoid, tri_out"),
        ("/reset", json!("zero"), "reset: \"zero\" given; allowed: soft, hard, none"),
        ("/standardize", json!(1), "standardize: a number given; true or false is needed"),
        ("/shape/n_in", json!(-2), "shape.n_in: -2 given; allowed: a whole number from 1 to 65536"),
    ];
    for (pointer, value, message) in damages {
        refused(&file, pointer, value, message);
    }
    let mut readout = file.clone();
    readout["kind"] = json!("readout");
    refused(&readout, "/psi", json!("none"), "standardize: true given; a readout acts with its raw weights: false");
    let cut = Case::parse(&BY_HAND[..BY_HAND.len() / 2]).expect_err("half a file").to_string();
    assert!(cut.starts_with("not JSON: "), "{cut}");
    assert_eq!(Case::parse("[]").expect_err("no object").to_string(), "an array given; an object is needed");
}

fn refused(file: &Value, pointer: &str, value: Value, message: &str) {
    let mut damaged = file.clone();
    *damaged.pointer_mut(pointer).expect("a field of the file") = value;
    let error = Case::parse(&damaged.to_string()).expect_err(pointer);
    assert_eq!(error.to_string(), message);
}

/// A fresh folder with the given files.
fn folder(name: &str, files: &[(&str, &str)]) -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    if folder.exists() {
        std::fs::remove_dir_all(&folder).expect("an old folder of this test");
    }
    std::fs::create_dir_all(&folder).expect("a folder");
    for (name, text) in files {
        std::fs::write(folder.join(name), text).expect("a file");
    }
    folder
}

fn golden(arguments: &[&str]) -> (i32, String, String) {
    let Output { status, stdout, stderr } =
        Command::new(env!("CARGO_BIN_EXE_golden")).args(arguments).output().expect("the command runs");
    let text = |bytes| String::from_utf8(bytes).expect("UTF-8");
    (status.code().expect("an exit code"), text(stdout), text(stderr))
}

fn off_by_a_millionth() -> String {
    BY_HAND.replace("\"mem_pre_reset\": [[1.5]", "\"mem_pre_reset\": [[1.500001]")
}

#[test]
fn the_command_prints_a_line_a_file_and_passes() {
    let folder = folder("good", &[("a.json", BY_HAND), ("notes.md", "not a golden file")]);
    let (code, stdout, stderr) = golden(&[&folder.to_string_lossy()]);
    let lines: Vec<_> = stdout.lines().collect();
    assert_eq!((code, lines.len(), stderr.as_str()), (0, 2, ""));
    assert!(
        lines[0].starts_with("by_hand ")
            && lines[0].contains(" dense ")
            && lines[0].contains("oracle ")
            && lines[0].contains("core: membrane "),
        "{}",
        lines[0]
    );
    assert_eq!(lines[1], "1 files within their bounds, 0 off, 0 unreadable");
}

#[test]
fn the_command_fails_when_the_oracle_is_off() {
    let folder = folder("off", &[("a.json", BY_HAND), ("b.json", &off_by_a_millionth())]);
    let (code, stdout, _) = golden(&[&folder.to_string_lossy()]);
    assert_eq!(code, 1);
    assert!(stdout.contains("oracle 1.0e-6 (mem_pre_reset) OFF by more than 1e-9"), "{stdout}");
}

#[test]
fn the_command_gives_json() {
    let folder = folder("json", &[("a.json", &off_by_a_millionth())]);
    let (code, stdout, _) = golden(&["--json", &folder.to_string_lossy()]);
    let report: Value = serde_json::from_str(&stdout).expect("JSON");
    let oracle = &report["files"][0]["oracle"];
    assert_eq!((code, &oracle["withinBound"], &oracle["quantity"]), (1, &json!(false), &json!("mem_pre_reset")));
    assert!(oracle["byQuantity"]["grad_weight"].as_f64().expect("a number") < 1e-15);
    let core = &report["files"][0]["core"];
    let membrane = &core["file"]["byQuantity"]["mem_pre_reset"];
    assert!(core["withinBound"] == json!(false) && membrane["fraction"].as_f64() > Some(2.0), "{membrane}");
    assert_eq!(core["rounded"]["spikes"], json!({ "count": 0, "nearest": null, "furthest": null, "fraction": 0.0 }));
    let trace = &core["file"]["byQuantity"]["trace_in"];
    assert_eq!((&trace["group"], &trace["deviation"]), (&json!("trace"), &json!(0.0)), "decays of 1/2 are exact");
}

#[test]
fn a_bad_file_is_one_line_and_exit_code_2() {
    let bad = BY_HAND.replace("\"leak\": 0.5,", "");
    let folder = folder("bad", &[("a.json", &bad), ("b.json", BY_HAND)]);
    let (code, stdout, stderr) = golden(&[&folder.to_string_lossy()]);
    assert_eq!((code, stderr.as_str()), (2, "golden: a.json: leak: missing\n"));
    assert!(stdout.contains("by_hand"), "the other file is still replayed");
}

#[test]
fn a_bad_folder_or_option_is_one_line_and_exit_code_2() {
    let empty = folder("empty", &[]);
    let missing = empty.join("missing");
    let (empty, missing) = (empty.to_string_lossy(), missing.to_string_lossy());
    let cases: [(&[&str], String); 5] = [
        (&[&missing], format!("golden: {missing}: ")),
        (&[&empty], format!("golden: {empty}: no .json file in this folder\n")),
        (&[], "golden: 0 folders given; exactly one is needed".into()),
        (&[&empty, &empty], "golden: 2 folders given; exactly one is needed".into()),
        (&[&empty, "--jsn"], "golden: --jsn: unknown option; allowed: --json, --help\n".into()),
    ];
    for (arguments, message) in cases {
        let (code, stdout, stderr) = golden(arguments);
        assert_eq!((code, stdout.as_str(), stderr.lines().count()), (2, "", 1), "{arguments:?}: {stderr}");
        assert!(stderr.starts_with(&message), "{stderr}");
    }
    let (code, stdout, _) = golden(&["--help"]);
    assert!(code == 0 && stdout.starts_with("Usage: golden DIR [--json]"));
}
