//! Random small networks of everything that the core can be, step by step beside the reference's graph: see [`compare`].
//!
//! `STLLR_NETWORKS=20000 cargo test --release -p stllr-oracle --test beside` runs so many; 240 without it.

mod compare;
mod defects;
mod draw;
mod draw_learning;
mod forward;
mod gradients;
mod losses;
mod plan;
mod read;
mod reference;
mod relay;
mod signals;
mod steps;
mod tally;
mod tasks;
mod update;

use compare::run;
use draw::any_plan;
use tally::Tally;

const STEPS: usize = 12;

/// How many networks there are to be.
fn networks() -> u64 {
    let given = std::env::var("STLLR_NETWORKS").ok();
    given.map_or(240, |given| given.parse().expect("STLLR_NETWORKS: a number of networks")).max(240)
}

/// Runs them all; the core must be within its bounds in all of them.
fn run_all(dropping: bool) -> Tally {
    let mut all = Tally::default();
    for seed in 0..networks() {
        match run(&any_plan(seed), STEPS, dropping) {
            Ok(tally) => all.merge(tally),
            Err(off) => panic!("{off}\n{:#?}", any_plan(seed).spec),
        }
    }
    all
}

#[test]
fn random_networks_learn_as_the_reference_does() {
    let all = run_all(true);
    println!("{all}");
    all.assert_wide(networks(), STEPS);
    for (quantity, measured) in &all.by_quantity {
        assert!(measured.nonzero >= 100, "{quantity}: {measured:?}");
        assert!(measured.fraction > 0.5, "{quantity}: a bound that nothing comes near would not notice much");
        // Of 8 bits a change is few units, and its rounding most of its bound.
        let is_coarse = quantity.starts_with("change") && quantity.ends_with("of 8 bits");
        assert!(is_coarse || 3 * measured.sharp >= measured.nonzero, "{quantity}: {measured:?}");
    }
    let quantities: Vec<&str> = all.by_quantity.keys().copied().collect();
    let wanted = [
        "change of biases",
        "change of gains",
        "change of raw weights",
        "change of recurrent gains",
        "change of recurrent raw weights",
        "change of recurrent weights",
        "change of recurrent weights of 8 bits",
        "change of the readout",
        "change of the readout's biases",
        "change of weights",
        "change of weights of 8 bits",
        "error",
        "gradient",
        "gradient of biases",
        "gradient of recurrent weights",
        "gradient of the readout",
        "gradient of the readout's biases",
        "membrane",
        "readout membrane",
        "signal",
        "signal of a relay",
        "standardised weight",
        "standardised weight of 8 bits",
        "v",
    ];
    assert_eq!(quantities, wanted);
}

#[test]
fn random_networks_answer_as_the_reference_does_when_nothing_is_dropped() {
    let all = run_all(false);
    println!("{all}");
    all.assert_wide(networks(), STEPS);
    let quantities: Vec<&str> = all.by_quantity.keys().copied().collect();
    let (changes, others): (Vec<&str>, Vec<&str>) = quantities.into_iter().partition(|name| name.starts_with("change"));
    let wanted = ["membrane", "readout membrane", "standardised weight", "standardised weight of 8 bits", "v"];
    assert_eq!(others, wanted, "nothing is learned");
    // At the end of sequences weights still decay.
    assert!(changes.contains(&"change of weights"));
}
