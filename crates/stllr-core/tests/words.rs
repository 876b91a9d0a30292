//! A spec as words: what is valid is read as meant, whatever else is refused by the name of the word, and nothing panics.

mod common;

use common::Draw;
use proptest::prelude::*;
use stllr_core::fixed::Factor;
use stllr_core::loss::{Events, Loss};
use stllr_core::network::{Network, Spec, Target, WORDS_VERSION};

const HEADER: usize = 18;
const HIDDEN: usize = 25;
const READOUT: usize = 12;
const MOST: i32 = i32::MAX;

/// A word: its name and what it may be. `ANY` is not checked, `FACTOR` is a mantissa, of either sign or 0.
type Word = (&'static str, i32, i32);
const ANY: Word = ("", i32::MIN, MOST);
const FACTOR: (i32, i32) = (1 << 14, 1 << 15);

const HEADER_WORDS: [Word; HEADER] = [
    ("version", WORDS_VERSION, WORDS_VERSION),
    ("inputs", 1, 1 << 20),
    ("height", 1, 1),
    ("width", 1, 1),
    ("hidden layers", 0, 64),
    ("signal", 0, 4),
    ("loss", 0, 2),
    ("mode", 0, 1),
    ("block steps", 1, 32),
    ("rounding", 0, 1),
    ANY,
    ANY,
    ("memory limit", 0, MOST),
    ("optimizer", 0, 5),
    // What they may be depends on the optimiser; any takes these.
    ("fraction", 1 << 29, (1 << 30) - 1),
    ("fraction", 1 << 29, (1 << 30) - 1),
    ("weight decay", FACTOR.0, FACTOR.1),
    ("weight decay", -24, 0),
];
/// A dense layer upon the one before.
const HIDDEN_WORDS: [Word; HIDDEN] = [
    ("kind", 0, 0),
    ("length", 23, 23),
    ("sources", 1, 1),
    ("source", 0, 0),
    ("divisor", 1, 4096),
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
    ("rate", -48, 5),
    ("bias", 0, 1),
    ("deviation", 0, 32 << 24),
    ("recurrent deviation", 0, 32 << 24),
    ("standardise", 0, 1),
    ("bits of storage", 8, 16),
];
const READOUT_WORDS: [Word; READOUT] = [
    ("sources", 1, 1),
    ("source", 0, 0),
    ("divisor", 1, 4096),
    ("classes", 2, 4096),
    ("leak", 0, 1 << 15),
    ("trace decay", 0, 1 << 15),
    ("rate", FACTOR.0, FACTOR.1),
    ("rate", -48, 5),
    ("bias", 0, 1),
    ("deviation", 0, 8 << 24),
    ("kernel", 0, 0),
    ("reserved", 0, 0),
];

/// From the word of weight bits to that of their storage.
const STORAGE: usize = 17;

/// Every word of a spec with so many hidden layers, and the layer it belongs to.
fn table(layers: usize) -> Vec<(Word, Option<usize>)> {
    let upon = |layer: usize, (name, low, high): Word| match name {
        "source" => (name, 0, layer as i32),
        _ => (name, low, high),
    };
    let mut words: Vec<_> = HEADER_WORDS.iter().map(|&word| (word, None)).collect();
    for layer in 0..layers {
        words.extend(HIDDEN_WORDS.iter().map(|&word| (upon(layer, word), Some(layer))));
    }
    words.extend(READOUT_WORDS.iter().map(|&word| (upon(layers, word), Some(layers))));
    words
}

/// A valid spec, small enough to be made.
fn valid(draw: &mut Draw, layers: usize) -> Vec<i32> {
    let of = |draw: &mut Draw, (name, low, high): Word| match name {
        "inputs" | "units" => draw.pick(1, 12) as i32,
        "classes" => draw.pick(2, 9) as i32,
        "hidden layers" => layers as i32,
        "memory limit" => 16,
        // More only where there is no recurrence.
        "divisor" => 1,
        "bits of storage" => draw.one_of(&[low, high]),
        _ => draw.one_of(&[low, high, draw_between(low, high)]),
    };
    table(layers).into_iter().map(|(word, _)| of(draw, word)).collect()
}

fn draw_between(low: i32, high: i32) -> i32 {
    (low as i64 + (high as i64 - low as i64) / 3) as i32
}

/// The words of neurons that spike now and then.
fn neurons(units: i32) -> Vec<i32> {
    let rule = [24_576, 6_554, 1 << 15, 0, 0, 0];
    let mut words = vec![units, 0, 12, 28_672, 1 << 16, 1, 1];
    words.extend(rule);
    words.extend([1 << 15, -6, 1, 1 << 22, 0, 0, 16]);
    words
}

/// A layer's words: its kind, sources and the rest.
fn layer(kind: i32, sources: &[(i32, i32)], own: &[i32]) -> Vec<i32> {
    let mut words = vec![kind, (1 + 2 * sources.len() + own.len()) as i32, sources.len() as i32];
    words.extend(sources.iter().flat_map(|&(from, second)| [from, second]));
    words.extend(own);
    words
}

/// A sensor of 2 x 8 x 8, these layers, and a readout of classes, or of two values a pixel where there is a kernel.
fn whole(loss: i32, layers: &[Vec<i32>], kernel: i32) -> Vec<i32> {
    let mut words = vec![WORDS_VERSION, 2, 8, 8, layers.len() as i32, 0, loss, 1, 16, 1, 7, 0, 16, 0, 0, 0, 0, 0];
    words.extend(layers.concat());
    words.extend([1, layers.len() as i32, 1, if kernel > 0 { 2 } else { 3 }]);
    words.extend([30_000, 32_000, 1 << 15, -10, 1, 1 << 21, kernel, 0]);
    words
}

fn conv(source: i32, filters: i32, kernel: [i32; 6]) -> Vec<i32> {
    layer(1, &[(source, 1)], &[&neurons(filters)[..], &kernel].concat())
}

/// Every kind of layer once.
fn everything(loss: i32, kernel: i32) -> Vec<i32> {
    whole(
        loss,
        &[
            conv(0, 6, [3, 3, 1, 1, 1, 2]),   // 6 x 8 x 8
            layer(2, &[(1, 1)], &[1, 2, 2]),  // sums, 6 x 4 x 4
            conv(2, 6, [3, 2, 1, 1, 1, 1]),   // 6 x 4 x 5
            layer(2, &[(1, 1)], &[0, 2, 2]),  // maxima, 6 x 4 x 4
            layer(4, &[(4, 1), (2, 1)], &[]), // 6 x 4 x 4
            layer(5, &[(4, 4), (5, 1)], &[]), // 12 x 4 x 4
            layer(6, &[(6, 1)], &[9830]),
            layer(3, &[(7, 1)], &[2]),      // 12 x 8 x 8
            conv(8, 5, [3, 3, 2, 1, 1, 1]), // 5 x 4 x 4
        ],
        kernel,
    )
}

#[test]
fn every_kind_of_layer_is_read_and_runs() {
    for (loss, kernel) in [(0, 0), (1, 0), (2, 0), (1, 3), (2, 1), (3, 1), (4, 3)] {
        let spec = Spec::from_words(&everything(loss, kernel)).unwrap_or_else(|error| panic!("{error}"));
        let shapes: Vec<_> =
            spec.ports().iter().map(|p| (p.shape.channels, p.shape.height, p.shape.width, p.levels)).collect();
        let want = [
            (6, 8, 8, 1),
            (6, 4, 4, 4),
            (6, 4, 5, 1),
            (6, 4, 4, 1),
            (6, 4, 4, 5),
            (12, 4, 4, 5),
            (12, 4, 4, 5),
            (12, 8, 8, 5),
            (5, 4, 4, 1),
        ];
        assert_eq!(shapes, want);
        try_out(spec);
    }
}

#[test]
fn layers_that_do_not_fit_are_named() {
    let refused = |layers: &[Vec<i32>]| {
        let error = Spec::from_words(&whole(0, layers, 0)).expect_err("it does not fit");
        (error.layer, error.field, error.given, error.allowed)
    };
    let fits = conv(0, 4, [3, 3, 1, 0, 1, 1]);
    assert_eq!(refused(&[conv(0, 4, [9, 3, 1, 0, 1, 1])]), (Some(0), "kernel's reach", 9, (1, 8)));
    assert_eq!(refused(&[conv(0, 4, [3, 3, 1, 1, 5, 1])]), (Some(0), "kernel's reach", 11, (1, 10)));
    assert_eq!(refused(&[conv(0, 3, [3, 3, 1, 0, 1, 2])]), (Some(0), "channels left over by groups", 1, (0, 0)));
    assert_eq!(refused(&[conv(1, 3, [3, 3, 1, 0, 1, 1])]), (Some(0), "source", 1, (0, 0)));
    assert_eq!(refused(&[fits.clone(), layer(2, &[(1, 1)], &[0, 7, 1])]), (Some(1), "pool's size", 7, (1, 6)));
    assert_eq!(refused(&[fits.clone(), layer(4, &[(0, 1), (1, 1)], &[])]).1, "sources of one shape");
    assert_eq!(refused(&[layer(9, &[(0, 1)], &[])]), (Some(0), "kind", 9, (0, 8)));
    assert_eq!(refused(&[layer(3, &[(0, 1)], &[65])]), (Some(0), "factor", 65, (1, 64)));
    let sums = layer(2, &[(0, 1)], &[1, 2, 2]);
    assert_eq!(refused(&[sums, layer(2, &[(1, 1)], &[0, 2, 2])]).1, "spikes of an element for a maximum");
    let wide: Vec<Vec<i32>> = (0..4).map(|i| layer(3, &[(i, 1)], &[16])).collect();
    assert_eq!(refused(&wide), (Some(1), "elements", 2 * 2048 * 2048, (1, 1 << 20)));
    let error = Spec::from_words(&whole(0, &[fits], 3)).expect_err("cross-entropy is for classes");
    assert_eq!(error.field, "losses that fit the readout");
}

#[test]
fn words_are_read_as_meant() {
    let words = [
        &[2, 7, 1, 1, 1, 1, 1, 0, 16, 1, -1, 2, 9, 3, 5, 6, 1 << 14, -3][..],
        &[0, 23, 1, 0, 1],
        &[5, 1, 12, 30_000, 70_000, 1, 3, 24_576, 6_554, 16_384, 1, -16_384, 1, 20_000, -6, 1, 77, 78, 1, 16],
        &[1, 1, 4, 3, 100, 200, 30_000, -9, 0, 99, 0, 0],
    ];
    let spec = Spec::from_words(&words.concat()).expect("the words are valid");
    let text = format!("{spec:?}");
    for part in [
        "input: Shape { channels: 7, height: 1, width: 1 }",
        "sources: [0]",
        "units: 5, recurrent: true, weight_bits: 12, leak: 30000, threshold: 70000, soft_reset: true, psi: TriOut",
        "lambda_pre: 24576, lambda_post: 6554, alpha_pre: Factor { mantissa: 16384, exponent: 1 }",
        "alpha_post: Factor { mantissa: -16384, exponent: 1 }",
        "rate: Factor { mantissa: 20000, exponent: -6 }, bias: true, divisor: 1, standardise: true, deviation: 77, recurrent_deviation: 78",
        "classes: 3, kernel: None, leak: 100, trace_decay: 200, rate: Factor { mantissa: 30000, exponent: -9 }",
        "bias: false, divisor: 4, deviation: 99",
        "readout_source: 1, signal: Dfa, loss: MeanSquare",
        "optimizer: Adam { beta1: 5, beta2: 6 }, decay: Factor { mantissa: 16384, exponent: -3 }",
        "mode: Sequence, block_steps: 16, rounding: Dithered, seed: 12884901887",
        "memory_limit: 9437184",
    ] {
        assert!(text.contains(part), "{part} is not in {text}");
    }
}

#[test]
fn neurons_of_loihis_have_four_words_more() {
    let header = [2, 2, 8, 8, 1, 0, 0, 1, 16, 1, 1, 0, 9, 0, 0, 0, 0, 0];
    let neurons = [5, 0, 12, 0, 0, 0, 1, 24_576, 6_554, 16_384, 1, 0, 0, 20_000, -6, 1, 77, 78, 0, 16];
    let (kernel, chip) = ([3, 3, 1, 0, 1, 1], [1024, 128, 80, 13]);
    let readout = [1, 1, 1, 3, 100, 200, 30_000, -9, 0, 99, 0, 0];
    let of = |kind: i32, own: &[i32]| {
        let layer = [&[kind, 3 + own.len() as i32, 1, 0, 1], own].concat();
        format!("{:?}", Spec::from_words(&[&header[..], &layer, &readout].concat()))
    };
    let meant = "loihi: Some(LoihiSpec { current_decay: 1024, voltage_decay: 128, threshold: 80, bits: 13 })";
    for (kind, own) in [(7, [&neurons[..], &chip].concat()), (8, [&neurons[..], &kernel, &chip].concat())] {
        let text = of(kind, &own);
        assert!(text.contains(meant) && text.contains("Conv") == (kind == 8), "{text}");
        // Without the chip's words they are no layer of that kind.
        assert!(of(kind, &own[..own.len() - 4]).contains("length"), "kind {kind}");
        assert!(of(kind - 7, &own).contains("length"), "kind {kind}");
    }
}

#[test]
fn a_word_out_of_its_range_is_named_with_its_layer() {
    for layers in 0..3 {
        for (at, ((name, low, high), layer)) in table(layers).into_iter().enumerate() {
            for bad in [low.checked_sub(1), high.checked_add(1), Some(i32::MIN), Some(MOST)].into_iter().flatten() {
                let mantissa = (low, high) == FACTOR;
                let allowed = (low..=high).contains(&bad) || mantissa && bad == 0;
                // Some words say how many or of which kind others are: then it is those that do not fit.
                if ["kind", "height", "width", "kernel", "sources", "fraction"].contains(&name)
                    || name == "loss" && (3..=4).contains(&bad)
                {
                    continue;
                }
                // More layers ask for more words, more units for more memory, and another version for another table.
                if allowed || name == "hidden layers" && bad == layers as i32 + 1 {
                    continue;
                }
                let mut words = valid(&mut Draw::new(at as u64), layers);
                words[at] = bad;
                // The exponent of a factor that is zero does not matter; here it is not zero.
                if (name, mantissa) == ("rate", false)
                    || (name, mantissa) == ("weight decay", false)
                    || (name.starts_with("alpha"), mantissa) == (true, false)
                {
                    words[at - 1] = 1 << 14;
                }
                // Those of 8 bits may be finer.
                if name == "weight bits" {
                    words[at + STORAGE] = 16;
                }
                let error = Spec::from_words(&words).expect_err(&format!("{name}: {bad}"));
                let negative = name == "inputs" && error.field == "channels";
                let named = negative || error.field == name || error.field.starts_with("divisor") && name == "divisor";
                assert!(named && error.layer == layer, "{name}: {error}");
                let text = error.to_string();
                assert!(text.contains(error.field) && text.contains("is not allowed; allowed: "), "{text}");
            }
        }
    }
}

#[test]
fn weights_of_8_bits_have_6_fraction_bits_fewer_and_ranges_down_to_a_64th() {
    let at = HEADER_WORDS.len() + 7;
    let read = |bits: i32| {
        let mut words = valid(&mut Draw::new(7), 1);
        (words[at], words[at + STORAGE]) = (bits, 8);
        Spec::from_words(&words)
    };
    for bits in 8..=19 {
        let spec = read(bits).expect("a valid spec");
        let layer = spec.hidden().next().expect("a layer");
        assert_eq!((layer.weight_bits, layer.held_bits()), (bits.min(13) as u32, bits as u32 - 6));
    }
    for bits in [7, 20, 30, MOST] {
        let error = read(bits).expect_err("out of range");
        assert_eq!((error.field, error.given), ("weight bits", bits as i64));
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
            assert!(Spec::from_words(&words[..n]).is_err(), "too short");
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
        (words[1], words[HEADER + 5], words[12]) = (inputs, units, limit_mib);
        let error = Spec::from_words(&words).expect_err("too large");
        assert_eq!(error.field, "memory in bytes");
        assert!(error.given > error.allowed.1 && error.allowed == (0, (limit_mib as i64) << 20), "{error}");
    }
}

/// Makes the network, and lets it learn and answer for a few steps.
fn try_out(spec: Spec) {
    let inputs: Vec<u32> = (0..spec.inputs() as u32).collect();
    let (loss, pixels) = (spec.loss, spec.readout.kernel.is_some());
    let mut network = Network::new(spec).expect("a checked spec can be made");
    for step in 0..70 {
        let target = match loss {
            _ if step % 3 == 0 => Target::None,
            Loss::Contrast(_) => Target::Events(Events { x: &[1, 5], y: &[2, 6], t: &[100, 9000], polarity: &[0, 1] }),
            Loss::Endpoint => Target::Flow { flow: &[1 << 16; 32], mask: &[1; 16] },
            _ if pixels => Target::Values(&[1 << 15; 32]),
            _ => Target::Class(step % 2),
        };
        network.step(&inputs, target);
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
