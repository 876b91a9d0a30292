//! Defects of the core's network are noticed: it gets another spec, or other weights, than the one that it is compared with.

use stllr_core::layer::{Conv, Geometry, Kernel, SpikingSpec};
use stllr_core::network::{Layer, LayerKind, Network, Spec};
use stllr_core::psi::Psi;
use stllr_core::shape::Port;

use crate::STEPS;
use crate::compare::{Defect, run_defect};
use crate::draw::any_plan;

/// What alters a spec or network, and says whether there was something to alter.
type Alter<T> = fn(&mut T) -> bool;

/// Alters all layers of neurons; whether it is of use in any.
fn alter_neurons(spec: &mut Spec, alter: impl Fn(&mut SpikingSpec) -> bool) -> bool {
    let neurons = spec.layers.iter_mut().filter_map(|layer| match &mut layer.kind {
        LayerKind::Spiking(spec) => Some(spec),
        LayerKind::Conv(spec) => Some(&mut spec.neurons),
        _ => None,
    });
    neurons.fold(false, |any, neurons| alter(neurons) | any)
}

/// Alters the kernels of all convolutions whose outputs keep their shapes, where there is more than one position.
fn alter_kernel(spec: &mut Spec, alter: impl Fn(&mut Kernel)) -> bool {
    let (sensor, ports) = (spec.input, spec.ports());
    let mut any = false;
    for (i, layer) in spec.layers.iter_mut().enumerate() {
        let LayerKind::Conv(conv) = &mut layer.kind else { continue };
        let input = layer.sources[0].checked_sub(1).map_or(sensor, |source| ports[source].shape);
        let mut kernel = conv.kernel;
        alter(&mut kernel);
        let output = Geometry::output(&kernel, input, conv.neurons.units);
        if kernel != conv.kernel && output == Some(ports[i].shape) && ports[i].shape.height * ports[i].shape.width > 1 {
            conv.kernel = kernel;
            any = true;
        }
    }
    any
}

/// Alters the first layer that is such a join.
fn alter_join(spec: &mut Spec, concat: bool, alter: impl Fn(&mut Vec<usize>, &mut Vec<usize>) -> bool) -> bool {
    spec.layers.iter_mut().any(|layer| match &mut layer.kind {
        LayerKind::Join(join) if join.concat == concat => alter(&mut layer.sources, &mut join.repeats),
        _ => false,
    })
}

/// Are the first two sources of a join different ones that could stand for each other?
fn are_alike(sources: &[usize], repeats: &[usize], ports: &[Port]) -> bool {
    let port = |source: usize| source.checked_sub(1).map(|layer| ports[layer]);
    sources[0] != sources[1] && port(sources[0]) == port(sources[1]) && repeats[0] == repeats[1]
}

/// Alters all convolutions; whether it is of use in any.
fn alter_convs(network: &mut Network, alter: impl Fn(&mut Conv) -> bool) -> bool {
    let mut any = false;
    network.edit(|layers, _| {
        any = layers.iter_mut().filter_map(Layer::as_conv_mut).fold(false, |any, conv| alter(conv) | any);
    });
    any
}

/// Each defect is noticed in a third or more of the first networks that have what it is in: in all but those where what is wrong
/// makes no difference, such as in a silent layer.
fn assert_noticed(name: &str, defect: Defect) {
    let (mut noticed, mut tried) = (0, 0);
    for seed in 0..2000 {
        let dropping = true;
        if let Some(result) = run_defect(&any_plan(seed), STEPS, dropping, defect) {
            tried += 1;
            noticed += result.is_err() as usize;
        }
        if tried == 12 {
            break;
        }
    }
    println!("{name}: {noticed} of {tried}");
    assert!(tried >= 8, "{name}: {tried} networks have what it is in");
    assert!(3 * noticed >= tried, "{name}: noticed in {noticed} of {tried}");
}

#[test]
fn another_spec_is_noticed() {
    let defects: [(&str, Alter<Spec>); 20] = [
        ("leak off by two units", |spec| {
            alter_neurons(spec, |spec| {
                spec.leak = if spec.leak > 2 { spec.leak - 2 } else { 2 };
                true
            })
        }),
        ("other reset", |spec| {
            alter_neurons(spec, |spec| {
                spec.soft_reset = !spec.soft_reset;
                spec.leak > 0
            })
        }),
        ("other psi", |spec| {
            alter_neurons(spec, |spec| {
                spec.psi = if spec.psi == Psi::Tri { Psi::TriOut } else { Psi::Tri };
                true
            })
        }),
        ("decay of the input traces off by a thirtieth", |spec| {
            alter_neurons(spec, |spec| {
                spec.factors.lambda_pre += if spec.factors.lambda_pre > 1000 { -1000 } else { 1000 };
                true
            })
        }),
        ("sign of alpha_post", |spec| {
            alter_neurons(spec, |spec| {
                spec.factors.alpha_post.mantissa *= -1;
                spec.factors.alpha_post.mantissa != 0
            })
        }),
        ("a rate off by a hundredth", |spec| {
            alter_neurons(spec, |spec| {
                spec.rate.mantissa -= spec.rate.mantissa / 100;
                spec.rate.mantissa >= 1 << 14
            })
        }),
        ("weights of 8 bits in place of 16", |spec| {
            alter_neurons(spec, |spec| spec.byte_shift.replace(6).is_none() && !spec.standardise)
        }),
        ("units of 8 bits twice as large", |spec| {
            alter_neurons(spec, |spec| match &mut spec.byte_shift {
                Some(shift) if *shift < 6 => {
                    *shift += 1;
                    true
                }
                _ => false,
            })
        }),
        ("a bias's rate without its divisor", |spec| {
            alter_neurons(spec, |spec| std::mem::replace(&mut spec.divisor, 1) > 1 && spec.bias)
        }),
        ("other padding", |spec| alter_kernel(spec, |kernel| kernel.padding ^= 1)),
        ("other stride", |spec| alter_kernel(spec, |kernel| kernel.stride += 1)),
        ("other dilation", |spec| {
            alter_kernel(spec, |kernel| {
                if kernel.taps() > 1 {
                    kernel.dilation = 3 - kernel.dilation;
                }
            })
        }),
        ("a maximum for a sum", |spec| {
            spec.layers.iter_mut().any(|layer| match &mut layer.kind {
                LayerKind::Pool(pool) if layer.sources[0] == 0 && pool.size > 1 => {
                    !std::mem::replace(&mut pool.max, true)
                }
                _ => false,
            })
        }),
        ("a spike that is not repeated", |spec| {
            let alter =
                |_: &mut Vec<usize>, repeats: &mut Vec<usize>| repeats.iter_mut().any(|r| std::mem::replace(r, 1) > 1);
            alter_join(spec, false, alter) || alter_join(spec, true, alter)
        }),
        ("an operand of a sum for another", |spec| {
            let ports = spec.ports();
            alter_join(spec, false, |sources, repeats| {
                let alike = are_alike(sources, repeats, &ports);
                sources[0] = if alike { sources[1] } else { sources[0] };
                alike
            })
        }),
        ("channels in the wrong order", |spec| {
            let ports = spec.ports();
            alter_join(spec, true, |sources, repeats| {
                let alike = are_alike(sources, repeats, &ports);
                sources.swap(0, alike as usize);
                alike
            })
        }),
        ("leak of the readout", |spec| {
            spec.readout.leak += if spec.readout.leak > 100 { -100 } else { 100 };
            true
        }),
        ("decay of the readout's traces", |spec| {
            spec.readout.trace_decay += if spec.readout.trace_decay > 1000 { -1000 } else { 1000 };
            true
        }),
        ("a readout's bias's rate without its divisor", |spec| {
            std::mem::replace(&mut spec.readout.divisor, 1) > 1 && spec.readout.bias
        }),
        ("blocks of another length", |spec| {
            let before = spec.learning.block_steps;
            spec.learning.block_steps = 6;
            // Up to the end of the first block of the right length nothing can be seen.
            before < 6
        }),
    ];
    for (name, spec) in defects {
        assert_noticed(name, Defect { spec: Some(spec), ..Defect::default() });
    }
}

#[test]
fn other_weights_are_noticed() {
    let defects: [(&str, Alter<Network>); 5] = [
        ("a weight off by a unit", |network| {
            alter_convs(network, |conv| {
                let weight = conv.weight(0, 0, 0, 0) as i32;
                conv.set_weight(0, 0, 0, 0, if weight > 0 { weight - 1 } else { weight + 1 });
                true
            })
        }),
        ("a kernel's rows for its columns", |network| {
            alter_convs(network, |conv| {
                let kernel = conv.spec().kernel;
                if kernel.height != kernel.width || kernel.height == 1 {
                    return false;
                }
                let (right, outputs, inputs) =
                    (conv.clone(), conv.geometry().output.channels, conv.geometry().group_inputs());
                for (o, i) in (0..outputs).flat_map(|o| (0..inputs).map(move |i| (o, i))) {
                    for (ky, kx) in (0..kernel.taps()).map(|tap| (tap / kernel.width, tap % kernel.width)) {
                        conv.set_weight(o, i, ky, kx, right.weight(o, i, kx, ky) as i32);
                    }
                }
                true
            })
        }),
        ("a bias off by a unit of the weights", |network| {
            alter_convs(network, |conv| {
                let bias = conv.spec().neurons.bias;
                conv.set_bias(0, 1 << 8);
                bias
            })
        }),
        ("a readout's weight off by 2^-12", |network| {
            network.edit(|_, readout| readout.weights_mut()[0] ^= 1 << 12);
            true
        }),
        ("another class's weights", |network| {
            let classes = network.readout().spec().classes;
            network.edit(|_, readout| {
                let width = readout.spec().width();
                readout.weights_mut().chunks_exact_mut(width).for_each(|row| row.swap(0, 1.min(classes - 1)));
            });
            classes > 1
        }),
    ];
    for (name, weights) in defects {
        assert_noticed(name, Defect { weights: Some(weights), ..Defect::default() });
    }
}

#[test]
fn dropout_that_drops_nothing_is_noticed() {
    let drops = |spec: &mut Spec| {
        let rates = |kind: &LayerKind| matches!(kind, LayerKind::Dropout(dropout) if dropout.rate > 8000);
        spec.layers.iter().any(|layer| rates(&layer.kind))
    };
    assert_noticed("no dropout", Defect { spec: Some(drops), no_dropout: true, ..Defect::default() });
}
