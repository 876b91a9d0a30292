//! Schedules give what the table says, which the package's schedules are held against too (`test/schedule.test.ts`).

use serde::Deserialize;
use stllr_oracle::optim::Schedule;

/// A schedule as the package writes it.
#[derive(Deserialize)]
#[serde(tag = "type", rename_all = "lowercase")]
enum Written {
    Constant,
    Linear { r#final: f64 },
    Cosine { r#final: f64 },
    Step { every: usize, factor: f64 },
    Milestones { epochs: Vec<usize>, factor: f64 },
}

/// What a schedule gives in the epochs from 0 on, of a training of `epochs`.
#[derive(Deserialize)]
struct Row {
    schedule: Written,
    epochs: usize,
    factors: Vec<f64>,
}

#[test]
fn table() {
    let rows: Vec<Row> = serde_json::from_str(include_str!("fixtures/schedules.json")).expect("a table");
    assert_eq!(rows.len(), 9);
    for (number, Row { schedule, epochs, factors }) in rows.into_iter().enumerate() {
        let schedule = match schedule {
            Written::Constant => Schedule::Constant,
            Written::Linear { r#final: end } => Schedule::Linear { epochs, end },
            Written::Cosine { r#final: end } => Schedule::Cosine { epochs, end },
            Written::Step { every, factor } => Schedule::Step { every, factor },
            Written::Milestones { epochs, factor } => Schedule::Milestones { epochs, factor },
        };
        for (epoch, factor) in factors.into_iter().enumerate() {
            let given = schedule.factor(epoch);
            assert!((given - factor).abs() < 1e-15, "row {number}, epoch {epoch}: {given}, not {factor}");
        }
    }
}
