use std::collections::BTreeMap;

use stllr_core::layer::{Conv, Spiking, SpikingSpec};
use stllr_core::shape::Port;
use stllr_core::{noise, psi::Psi as CorePsi};

use super::*;
use crate::Factors;
use crate::golden::core::formats::learning;
use crate::golden::{LayerKind, Series};
use crate::layer::{Connection, ConvShape};
use crate::neuron::Reset;
use crate::parameters::{Parameters, Weights};

const STEPS: usize = 60;
const BLOCK_STEPS: usize = 7;
const INPUTS: usize = 10;
const UNITS: usize = 6;

/// Its output is 3 x 3 too without the padding, with a stride of 4 and with a dilation of 2.
const SHAPE: ConvShape = ConvShape {
    channels_in: 4,
    channels_out: 4,
    height: 8,
    width: 8,
    kernel: [2, 2],
    stride: 3,
    padding: 1,
    dilation: 1,
    groups: 2,
};

/// Numbers spread evenly over -range to range.
fn spread(stream: u32, count: usize, range: f64) -> Vec<f64> {
    let one = |index| noise::uniform(noise::Stream::new(1, stream), index, 1 << 20) as f64 / f64::from(1 << 20) * range;
    (0..count as u32).map(one).collect()
}

/// A layer with random inputs and signals; nothing is recorded.
fn case(kind: LayerKind, connection: Connection, parameters: Parameters) -> LayerCase {
    let series = |width, values| Series { width, values };
    let (inputs, outputs) = (connection.inputs(), connection.outputs());
    LayerCase {
        name: "random".into(),
        kind,
        steps: STEPS,
        connection,
        parameters: parameters.with_bias(spread(3, connection.biases(), 0.2)),
        leak_raw: 2.0,
        leak: sigmoid(2.0),
        threshold: 0.6,
        threshold_effective: 0.6,
        reset: Reset::Soft,
        psi: Some(Psi::Tri),
        factors: Factors { lambda_post: 0.3, lambda_pre: 0.8, alpha_post: -1.0, alpha_pre: 1.0 },
        input: series(inputs, spread(4, STEPS * inputs, 1.0).iter().map(|x| f64::from(*x > 0.4)).collect()),
        grad_output: series(outputs, spread(5, STEPS * outputs, 1.0)),
        recorded: BTreeMap::new(),
        totals: BTreeMap::new(),
    }
}

fn recurrent() -> LayerCase {
    let parameters = Parameters::new(Weights::plain(UNITS, spread(1, UNITS * INPUTS, 0.7)));
    let parameters = parameters.with_recurrence(Weights::plain(UNITS, spread(2, UNITS * UNITS, 0.4)));
    case(LayerKind::Recurrent, Connection::dense(INPUTS, UNITS), parameters)
}

fn conv() -> LayerCase {
    let parameters = Parameters::new(Weights::plain(SHAPE.channels_out, spread(1, SHAPE.weights(), 0.7)));
    case(LayerKind::Conv, Connection::Conv(SHAPE), parameters)
}

/// What comes nearest to its bound when the core is another than the one its bounds are made for.
fn nearest_to_bound(case: &LayerCase, core: impl Fn(&SpikingFormats) -> Core) -> (&'static str, f64) {
    let (file, formats) = formats_of(case, Psi::Tri).expect("it fits");
    compare(case, Basis::Rounded, &file, &formats, core(&formats), 1.0).expect("it fits").nearest_to_bound()
}

#[test]
fn the_core_stays_within_its_bound_and_uses_it() {
    for case in [recurrent(), conv()] {
        let (quantity, fraction) = nearest_to_bound(&case, |formats| Core::new(formats, BLOCK_STEPS));
        assert!((0.5..=1.0).contains(&fraction), "{:?}: {quantity} {fraction}", case.kind);
    }
}

#[test]
fn small_defects_pass_the_bound() {
    type Defect = (&'static str, fn(&mut SpikingSpec));
    let defects: [Defect; 9] = [
        ("leak off by a unit", |spec| spec.leak -= 1),
        ("leak off by two units", |spec| spec.leak += 2),
        ("threshold off by a unit", |spec| spec.threshold += 1),
        ("other reset", |spec| spec.soft_reset = false),
        ("other psi", |spec| spec.psi = CorePsi::TriOut),
        ("decay of the input traces off by 8 units", |spec| spec.factors.lambda_pre += 8),
        ("decay of the trace of psi off by 32 units", |spec| spec.factors.lambda_post += 32),
        ("sign of alpha_post", |spec| spec.factors.alpha_post.mantissa *= -1),
        ("alpha_pre off by a hundredth", |spec| spec.factors.alpha_pre.mantissa += 164),
    ];
    for (defect, alter) in defects {
        for case in [recurrent(), conv()] {
            let (quantity, fraction) = nearest_to_bound(&case, |formats| {
                let mut formats = formats.clone();
                alter(&mut formats.spec);
                Core::new(&formats, BLOCK_STEPS)
            });
            assert!(fraction > 1.0, "{:?}, {defect}: {quantity} {fraction}", case.kind);
        }
    }
}

/// A convolution whose spec or input is altered before it is made, with the weights and biases of the formats.
fn altered(formats: &SpikingFormats, alter: impl Fn(&mut ConvShape, &mut Port)) -> Conv {
    let Connection::Conv(mut shape) = formats.connection else { panic!("a convolution") };
    let mut input = formats.conv_spec(&shape).1;
    alter(&mut shape, &mut input);
    let mut core = Conv::new(formats.conv_spec(&shape).0, input, 0, learning(BLOCK_STEPS));
    formats.write_conv(&mut core);
    core
}

#[test]
fn defects_of_a_convolution_s_geometry_pass_the_bound() {
    type Defect = (&'static str, fn(&mut ConvShape, &mut Port));
    let defects: [Defect; 4] = [
        ("no padding", |shape, _| shape.padding = 0),
        ("other stride", |shape, _| shape.stride = 4),
        ("other dilation", |shape, _| shape.dilation = 2),
        ("channels before rows and columns", |_, input| *input = Port::sensor(input.shape)),
    ];
    for (defect, alter) in defects {
        let core = |formats: &SpikingFormats| Core::Conv(Box::new(altered(formats, alter)));
        let (quantity, fraction) = nearest_to_bound(&conv(), core);
        assert!(fraction > 1.0, "{defect}: {quantity} {fraction}");
    }
}

#[test]
fn defects_of_a_convolution_s_weights_pass_the_bound() {
    // From (output channel, input channel of the group, row, column) to where the weight is taken from.
    type Place = (usize, usize, usize, usize);
    type Defect = (&'static str, fn(Place) -> Place);
    let defects: [Defect; 5] = [
        ("convolution for cross-correlation", |(o, i, y, x)| (o, i, 1 - y, 1 - x)),
        ("rows for columns", |(o, i, y, x)| (o, i, x, y)),
        ("a group sees the other's filters", |(o, i, y, x)| ((o + 2) % 4, i, y, x)),
        ("a group's channels in the wrong order", |(o, i, y, x)| (o, 1 - i, y, x)),
        ("output channels in the wrong order", |(o, i, y, x)| (o ^ 1, i, y, x)),
    ];
    for (defect, from) in defects {
        let (quantity, fraction) = nearest_to_bound(&conv(), |formats| {
            let right = altered(formats, |_, _| ());
            let mut wrong = right.clone();
            for (o, i, tap) in (0..32).map(|k| (k / 8, k / 4 % 2, k % 4)) {
                let place = from((o, i, tap / 2, tap % 2));
                wrong.set_weight(o, i, tap / 2, tap % 2, right.weight(place.0, place.1, place.2, place.3) as i32);
            }
            Core::Conv(Box::new(wrong))
        });
        assert!(fraction > 1.0, "{defect}: {quantity} {fraction}");
    }
}

#[test]
fn one_weight_off_by_a_unit_passes_the_bound() {
    let (quantity, fraction) = nearest_to_bound(&conv(), |formats| {
        let mut core = altered(formats, |_, _| ());
        core.set_weight(1, 1, 0, 1, core.weight(1, 1, 0, 1) as i32 + 1);
        Core::Conv(Box::new(core))
    });
    assert!(fraction > 1.0, "{quantity} {fraction}");
    let (quantity, fraction) = nearest_to_bound(&recurrent(), |formats| {
        let mut core = Spiking::new(formats.spec.clone(), INPUTS, 0, learning(BLOCK_STEPS));
        formats.write(&mut core);
        core.set_weight(3, 2, core.weight(3, 2) as i32 + 1);
        Core::Dense(Box::new(core))
    });
    assert!(fraction > 1.0, "{quantity} {fraction}");
}
