//! Writes `hashes.txt` anew: see `src/runs.rs`.

use stllr_sweeps::runs;

fn main() -> std::io::Result<()> {
    let lines: String = (0..runs::RUNS).map(|run| format!("{:016x} {}\n", runs::hash(run), runs::name(run))).collect();
    std::fs::write(concat!(env!("CARGO_MANIFEST_DIR"), "/hashes.txt"), lines)
}
