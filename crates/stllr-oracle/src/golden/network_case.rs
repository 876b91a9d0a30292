//! Network files: a hidden layer and a readout that learn from a few batches of sequences.

use super::fields::{FieldError, Fields, Series};
use super::layer_case::{read_factors, read_psi, read_reset};
use crate::Factors;
use crate::network::Signal;
use crate::neuron::{Neuron, official_threshold};
use crate::optim::Optimizer;
use crate::parameters::{Parameters, Tensors, Weights};
use crate::standardise::EPSILON;
use crate::training::Mode;

/// A network file with its values typed and their shapes checked.
#[derive(Clone, Debug)]
pub struct NetworkCase {
    /// The file's name for itself.
    pub name: String,
    /// `network_dense` or `network_recurrent`.
    pub kind: String,
    /// Sequences at once.
    pub batch: usize,
    /// Number of inputs.
    pub inputs: usize,
    /// Number of hidden neurons.
    pub hidden: usize,
    /// Number of classes.
    pub classes: usize,
    /// How the error reaches the hidden layer.
    pub signal: Signal,
    /// When the optimiser steps.
    pub mode: Mode,
    /// The optimiser as it starts.
    pub optimizer: Optimizer,
    /// How many of the last steps are learned from.
    pub window: usize,
    /// The hidden neurons; the threshold is the one in use.
    pub neuron: Neuron,
    /// The rule's constants.
    pub factors: Factors,
    /// The readout's leak.
    pub readout_leak: f64,
    /// The decay of the readout's input trace.
    pub readout_trace_decay: f64,
    /// The hidden layer's parameters at the start.
    pub hidden_parameters: Parameters,
    /// The readout's parameters at the start.
    pub readout_parameters: Parameters,
    /// What is learned, in order.
    pub sequences: Vec<Sequence>,
}

/// One batch of sequences and what the official network did with it.
#[derive(Clone, Debug)]
pub struct Sequence {
    /// `[T]` of `[batch][inputs]`, 0 or 1.
    pub input: Series,
    /// `[batch]`.
    pub labels: Vec<usize>,
    /// `[T]` of `[batch][classes]`: the readout's membranes.
    pub logits: Series,
    /// `[T]` of `[batch][hidden]`.
    pub hidden_spikes: Series,
    /// The steps that were learned from.
    pub learn_steps: Vec<f64>,
    /// The loss at each of them.
    pub loss: Vec<f64>,
    /// In sequence mode the gradients at the sequence's end, under the file's names.
    pub gradients: Option<Tensors>,
    /// The parameters after each step of the optimiser, under the file's names.
    pub parameters_after: Vec<Tensors>,
}

/// The parameters of a network by the file's names, with their shapes.
type Shapes = Vec<(&'static str, Vec<usize>)>;

impl NetworkCase {
    pub(super) fn read(fields: &Fields<'_>) -> Result<Self, FieldError> {
        let kind = fields.text("kind")?;
        let steps = fields.integer("T", 1)?;
        let batch = fields.integer("batch", 1)?;
        let inputs = fields.integer("n_in", 2)?;
        let hidden = fields.integer("hidden", 2)?;
        let classes = fields.integer("n_classes", 1)?;
        let window = fields.integer("delay_ls", 1)?;
        let mode = read_mode(fields)?;

        let initial = fields.object("params_initial")?;
        let shapes = parameter_shapes(&initial, kind == "network_recurrent", inputs, hidden, classes);
        let start = read_tensors(&initial, &shapes)?;
        let get = |name: &str| start.get(name).cloned();
        let standardised = |weight: &str, gain: &str| {
            get(weight).zip(get(gain)).map(|(raw, gain)| Weights::standardised(raw, gain, EPSILON))
        };
        let hidden_parameters = Parameters {
            weight_rec: standardised("h.weight_rec", "h.gain_rec"),
            bias: get("h.bias"),
            ..Parameters::new(Weights::standardised(start["h.weight"].clone(), start["h.gain"].clone(), EPSILON))
        };
        let readout_weight = Weights::plain(classes, start["o.weight"].clone());
        let readout_parameters = Parameters { bias: get("o.bias"), ..Parameters::new(readout_weight) };

        let sizes = Sizes { steps, batch, inputs, hidden, classes, learn_steps: window.min(steps) };
        let sequences = fields.objects("sequences")?;
        if sequences.is_empty() {
            return Err(fields.error("sequences", "0 given; at least 1 is needed"));
        }
        let sequences = sequences.iter().map(|fields| Sequence::read(fields, &sizes, mode, &shapes));
        let layer = fields.object("hidden_layer")?;
        let readout = fields.object("readout")?;
        Ok(Self {
            name: fields.text("name")?.to_owned(),
            kind: kind.to_owned(),
            batch,
            inputs,
            hidden,
            classes,
            signal: read_signal(fields, classes, hidden)?,
            mode,
            optimizer: read_optimizer(fields)?,
            window,
            neuron: Neuron {
                leak: layer.number("leak")?,
                threshold: official_threshold(layer.number("threshold")?),
                reset: read_reset(&layer, "reset")?,
                psi: read_psi(&layer, "psi")?,
            },
            factors: read_factors(&layer.object("factors")?)?,
            readout_leak: readout.number("leak")?,
            readout_trace_decay: readout.number("trace_decay")?,
            hidden_parameters,
            readout_parameters,
            sequences: sequences.collect::<Result<_, _>>()?,
        })
    }
}

struct Sizes {
    steps: usize,
    batch: usize,
    inputs: usize,
    hidden: usize,
    classes: usize,
    learn_steps: usize,
}

impl Sequence {
    fn read(fields: &Fields<'_>, sizes: &Sizes, mode: Mode, shapes: &Shapes) -> Result<Self, FieldError> {
        let Sizes { steps, batch, inputs, hidden, classes, learn_steps } = *sizes;
        let snapshots = fields.objects("params_after")?;
        let expected = match mode {
            Mode::Sequence => 1,
            Mode::Online => learn_steps,
        };
        if snapshots.len() != expected {
            let problem =
                format!("{} snapshots given; {expected} are needed, one a step of the optimiser", snapshots.len());
            return Err(fields.error("params_after", problem));
        }
        Ok(Self {
            input: fields.series("input", steps, &[batch, inputs])?,
            labels: fields.integers("label", batch, classes - 1)?,
            logits: fields.series("logits", steps, &[batch, classes])?,
            hidden_spikes: fields.series("hidden_spikes", steps, &[batch, hidden])?,
            learn_steps: fields.tensor("learn_step", &[learn_steps])?,
            loss: fields.tensor("loss", &[learn_steps])?,
            gradients: match mode {
                Mode::Sequence => Some(read_tensors(&fields.object("grads")?, shapes)?),
                Mode::Online => None,
            },
            parameters_after: snapshots.iter().map(|fields| read_tensors(fields, shapes)).collect::<Result<_, _>>()?,
        })
    }
}

/// The parameters the file must have; biases only where it has them at the start.
fn parameter_shapes(initial: &Fields<'_>, recurrent: bool, inputs: usize, hidden: usize, classes: usize) -> Shapes {
    let mut shapes =
        vec![("h.weight", vec![hidden, inputs]), ("h.gain", vec![hidden]), ("o.weight", vec![classes, hidden])];
    if recurrent {
        shapes.extend([("h.weight_rec", vec![hidden, hidden]), ("h.gain_rec", vec![hidden])]);
    }
    let biases = [("h.bias", vec![hidden]), ("o.bias", vec![classes])];
    shapes.extend(biases.into_iter().filter(|(name, _)| initial.has(name)));
    shapes
}

fn read_tensors(fields: &Fields<'_>, shapes: &Shapes) -> Result<Tensors, FieldError> {
    shapes.iter().map(|(name, shape)| Ok(((*name).to_owned(), fields.tensor(name, shape)?))).collect()
}

fn read_mode(fields: &Fields<'_>) -> Result<Mode, FieldError> {
    match fields.text("mode")? {
        "sequence" => Ok(Mode::Sequence),
        "online" => Ok(Mode::Online),
        other => Err(fields.error("mode", format!("{other:?} given; allowed: sequence, online"))),
    }
}

fn read_signal(fields: &Fields<'_>, classes: usize, hidden: usize) -> Result<Signal, FieldError> {
    match fields.text("feedback")? {
        "BP" => Ok(Signal::Bp),
        "DFA" => Ok(Signal::Dfa(vec![fields.tensor("feedback_weights", &[classes, hidden])?])),
        other => Err(fields.error("feedback", format!("{other:?} given; allowed: BP, DFA"))),
    }
}

fn read_optimizer(fields: &Fields<'_>) -> Result<Optimizer, FieldError> {
    let rate = fields.number("lr")?;
    match fields.text("optimizer")? {
        "SGD" => Ok(Optimizer::sgd(rate)),
        "Adam" => {
            let adam = fields.object("adam")?;
            Ok(Optimizer::adam(rate, adam.number("beta1")?, adam.number("beta2")?, adam.number("eps")?))
        }
        other => Err(fields.error("optimizer", format!("{other:?} given; allowed: SGD, Adam"))),
    }
}
