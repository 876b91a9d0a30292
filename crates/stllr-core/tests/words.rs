//! A spec as words: what is valid is read as meant, whatever else is refused by the name of the word, and nothing panics.

mod common;

use common::Draw;
use proptest::prelude::*;
use stllr_core::fixed::Factor;
use stllr_core::network::{Network, Spec, Target, WORDS_VERSION};

const HEADER: usize = 10;
const HIDDEN: usize = 20;
const READOUT: usize = 8;
const MOST: i32 = i32::MAX;

/// A word: its name and what it may be. `ANY` is not checked, `FACTOR` is a mantissa, of either sign or 0.
type Word = (&'static str, i32, i32);
const ANY: Word = ("", i32::MIN, MOST);
const FACTOR: (i32, i32) = (1 << 14, 1 << 15);

const HEADER_WORDS: [Word; HEADER] = [
    ("version", WORDS_VERSION, WORDS_VERSION),
    ("inputs", 1, 1 << 20),
    ("hidden layers", 0, 64),
    ("signal", 0, 1),
    ("mode", 0, 1),
    ("block steps", 1, 32),
    ("rounding", 0, 1),
    ANY,
    ANY,
    ("memory limit", 0, MOST),
];
const HIDDEN_WORDS: [Word; HIDDEN] = [
    ("units", 1, 1 << 20),
    ("recurrent", 0, 1),
    ("weight bits", 8, 13),
    ("leak", 0, 1 << 15),
    ("threshold", 1 << 15, 1 << 22),
    ("soft reset", 0, 1),
    ("psi", 0, 3),
    ("lambda_pre", 0, 1 << 15),
    ("lambda_post", 0, 1 << 15),
    ("alpha_pre", FACTOR.0, FACTOR.1),
    ("alpha_pre", -15, 5),
    ("alpha_post", FACTOR.0, FACTOR.1),
    ("alpha_post", -15, 5),
    ("rate", FACTOR.0, FACTOR.1),
    ("rate", -24, 5),
    ("bias", 0, 1),
    ("deviation", 0, 32 << 24),
    ("recurrent deviation", 0, 32 << 24),
    ("reserved", 0, 0),
    ("reserved", 0, 0),
];
const READOUT_WORDS: [Word; READOUT] = [
    ("classes", 2, 4096),
    ("leak", 0, 1 << 15),
    ("trace decay", 0, 1 << 15),
    ("rate", FACTOR.0, FACTOR.1),
    ("rate", -24, 5),
    ("bias", 0, 1),
    ("deviation", 0, 8 << 24),
    ("reserved", 0, 0),
];

/// Every word of a spec with so many hidden layers, and the layer it belongs to.
fn table(layers: usize) -> Vec<(Word, Option<usize>)> {
    let mut words: Vec<_> = HEADER_WORDS.iter().map(|&word| (word, None)).collect();
    for layer in 0..layers {
        words.extend(HIDDEN_WORDS.iter().map(|&word| (word, Some(layer))));
    }
    words.extend(READOUT_WORDS.iter().map(|&word| (word, Some(layers))));
    words
}

/// A valid spec, small enough to be made.
fn valid(draw: &mut Draw, layers: usize) -> Vec<i32> {
    let of = |draw: &mut Draw, (name, low, high): Word| match name {
        "inputs" | "units" => draw.pick(1, 12) as i32,
        "classes" => draw.pick(2, 9) as i32,
        "hidden layers" => layers as i32,
        "memory limit" => 16,
        _ => draw.one_of(&[low, high, draw_between(low, high)]),
    };
    table(layers).into_iter().map(|(word, _)| of(draw, word)).collect()
}

fn draw_between(low: i32, high: i32) -> i32 {
    (low as i64 + (high as i64 - low as i64) / 3) as i32
}

#[test]
fn words_are_read_as_meant() {
    let words = [
        &[1, 7, 1, 1, 0, 16, 1, -1, 2, 9][..],
        &[5, 1, 12, 30_000, 70_000, 1, 3, 24_576, 6_554, 16_384, 1, -16_384, 1, 20_000, -6, 1, 77, 78, 0, 0],
        &[3, 100, 200, 30_000, -9, 0, 99, 0],
    ];
    let spec = Spec::from_words(&words.concat()).expect("the words are valid");
    let text = format!("{spec:?}");
    for part in [
        "inputs: 7, ",
        "units: 5, recurrent: true, weight_bits: 12, leak: 30000, threshold: 70000, soft_reset: true, psi: TriOut",
        "lambda_pre: 24576, lambda_post: 6554, alpha_pre: Factor { mantissa: 16384, exponent: 1 }",
        "alpha_post: Factor { mantissa: -16384, exponent: 1 }",
        "rate: Factor { mantissa: 20000, exponent: -6 }, bias: true, deviation: 77, recurrent_deviation: 78",
        "classes: 3, leak: 100, trace_decay: 200, rate: Factor { mantissa: 30000, exponent: -9 }, bias: false, deviation: 99",
        "signal: Dfa",
        "mode: Sequence, block_steps: 16, rounding: Dithered, seed: 12884901887",
        "memory_limit: 9437184",
    ] {
        assert!(text.contains(part), "{part} is not in {text}");
    }
}

#[test]
fn a_word_out_of_its_range_is_named_with_its_layer() {
    for layers in 0..3 {
        for (at, ((name, low, high), layer)) in table(layers).into_iter().enumerate() {
            for bad in [low.checked_sub(1), high.checked_add(1), Some(i32::MIN), Some(MOST)].into_iter().flatten() {
                let mantissa = (low, high) == FACTOR;
                let allowed = (low..=high).contains(&bad) || mantissa && bad == 0;
                // More layers ask for more words, more units for more memory, and another version for another table.
                if allowed || name == "hidden layers" && bad == layers as i32 + 1 {
                    continue;
                }
                let mut words = valid(&mut Draw::new(at as u64), layers);
                words[at] = bad;
                // The exponent of a factor that is zero does not matter; here it is not zero.
                if (name, mantissa) == ("rate", false) || (name.starts_with("alpha"), mantissa) == (true, false) {
                    words[at - 1] = 1 << 14;
                }
                let error = Spec::from_words(&words).expect_err(&format!("{name}: {bad}"));
                assert_eq!((error.field, error.layer), (name, layer), "{error}");
                let text = error.to_string();
                assert!(text.contains(name) && text.contains("is not allowed; allowed: "), "{text}");
            }
        }
    }
}

#[test]
fn a_factor_of_zero_may_have_any_exponent() {
    let zeros = |words: &[(Word, Option<usize>)]| -> Vec<usize> {
        (0..words.len()).filter(|&at| (words[at].0.1, words[at].0.2) == FACTOR).collect()
    };
    for exponent in [i32::MIN, -100, 100, MOST] {
        for at in zeros(&table(2)) {
            let mut words = valid(&mut Draw::new(at as u64), 2);
            (words[at], words[at + 1]) = (0, exponent);
            try_out(Spec::from_words(&words).expect("a factor of zero is allowed"));
        }
    }
}

#[test]
fn any_other_number_of_words_is_refused() {
    for layers in 0..3 {
        let words = valid(&mut Draw::new(1), layers);
        assert!(Spec::from_words(&words).is_ok());
        for n in 0..words.len() {
            assert_eq!(Spec::from_words(&words[..n]).expect_err("too short").field, "words");
        }
        let error = Spec::from_words(&[&words[..], &[0]].concat()).expect_err("too long");
        let n = words.len() as i64;
        assert_eq!((error.field, error.given, error.allowed), ("words", n + 1, (n, n)));
    }
}

#[test]
fn the_largest_networks_are_refused_before_anything_is_allocated() {
    for (inputs, units, limit_mib) in [(1 << 20, 1 << 20, 1 << 20), (1 << 20, 256, 512), (1, 1 << 20, 15), (12, 12, 0)]
    {
        let mut words = valid(&mut Draw::new(3), 1);
        (words[1], words[HEADER], words[9]) = (inputs, units, limit_mib);
        let error = Spec::from_words(&words).expect_err("too large");
        assert_eq!(error.field, "memory in bytes");
        assert!(error.given > error.allowed.1 && error.allowed == (0, (limit_mib as i64) << 20), "{error}");
    }
}

/// Makes the network, and lets it learn and answer for a few steps.
fn try_out(spec: Spec) {
    let inputs: Vec<u32> = (0..spec.inputs as u32).collect();
    let mut network = Network::new(spec).expect("a checked spec can be made");
    for step in 0..70 {
        network.step(&inputs, if step % 3 == 0 { Target::None } else { Target::Class(step % 2) });
    }
    network.set_rates(Factor::ONE, Factor { mantissa: 0, exponent: i32::MIN });
    network.end_sequence();
    network.reset(false);
    network.step(&inputs[..1], Target::None);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn arbitrary_words_never_panic(words in proptest::collection::vec(any::<i32>(), 0..80)) {
        prop_assert!(Spec::from_words(&words).is_err());
    }

    #[test]
    fn valid_words_make_networks_that_run(seed: u64, layers in 0usize..4) {
        let spec = Spec::from_words(&valid(&mut Draw::new(seed), layers));
        prop_assert!(spec.is_ok(), "{:?}", spec);
        spec.into_iter().for_each(try_out);
    }

    #[test]
    fn valid_words_with_some_changed_never_panic(
        seed: u64,
        layers in 0usize..3,
        changes in proptest::collection::vec((0usize..80, any::<i32>(), 0u32..32), 1..4),
    ) {
        let mut words = valid(&mut Draw::new(seed), layers);
        for (at, word, shift) in changes {
            let n = words.len();
            words[at % n] = word >> shift;
        }
        let small = |spec: &Spec| spec.memory().total() < 1 << 20;
        Spec::from_words(&words).into_iter().filter(small).for_each(try_out);
    }
}
