//! Layer files: one layer, its inputs and learning signals, and everything it computed.

use std::collections::BTreeMap;

use super::fields::{FieldError, Fields, Series};
use crate::Factors;
use crate::layer::{Connection, ConvShape};
use crate::neuron::Reset;
use crate::parameters::{Parameters, Weights};
use crate::psi::Psi;

/// What a layer file is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LayerKind {
    /// Spiking, full matrix.
    Dense,
    /// Spiking, full matrix, recurrent.
    Recurrent,
    /// Spiking, convolution.
    Conv,
    /// Accumulating, never spiking.
    Readout,
}

const KINDS: [(LayerKind, &str); 4] = [
    (LayerKind::Dense, "dense"),
    (LayerKind::Recurrent, "recurrent"),
    (LayerKind::Conv, "conv"),
    (LayerKind::Readout, "readout"),
];

impl LayerKind {
    pub(super) fn from_name(name: &str) -> Option<Self> {
        KINDS.iter().find(|(_, known)| *known == name).map(|(kind, _)| *kind)
    }

    pub(super) fn name(self) -> &'static str {
        KINDS.iter().find(|(kind, _)| *kind == self).map_or("", |(_, name)| *name)
    }
}

/// A layer file with its values typed and their shapes checked. A batch of one sequence, T steps from rest.
#[derive(Clone, Debug)]
pub struct LayerCase {
    /// The file's name for itself.
    pub name: String,
    /// What layer it is.
    pub kind: LayerKind,
    /// Number of time steps.
    pub steps: usize,
    /// How inputs reach outputs.
    pub connection: Connection,
    /// Raw weights, gains, bias.
    pub parameters: Parameters,
    /// The leak before the sigmoid.
    pub leak_raw: f64,
    /// The leak as the file gives it.
    pub leak: f64,
    /// The threshold before it is kept from falling below one half.
    pub threshold: f64,
    /// The threshold as it was used.
    pub threshold_effective: f64,
    /// What follows a spike.
    pub reset: Reset,
    /// The secondary activation; a readout has none.
    pub psi: Option<Psi>,
    /// The rule's constants.
    pub factors: Factors,
    /// `[T][inputs]`, 0 or 1.
    pub input: Series,
    /// The learning signal from outside, `[T][outputs]`.
    pub grad_output: Series,
    /// The file's quantities of each step by name, `[T][...]`.
    pub recorded: BTreeMap<&'static str, Series>,
    /// The file's other quantities by name: effective weights and gradients summed over all steps.
    pub totals: BTreeMap<&'static str, Vec<f64>>,
}

impl LayerCase {
    pub(super) fn read(fields: &Fields<'_>, kind: LayerKind) -> Result<Self, FieldError> {
        let batch = fields.integer("batch", 0)?;
        if batch != 1 {
            return Err(fields.error("batch", format!("{batch} given; a layer file has 1")));
        }
        let steps = fields.integer("T", 1)?;
        let connection = read_connection(&fields.object("shape")?, kind)?;
        let shapes = Shapes::of(connection);
        let parameters = read_parameters(fields, kind, &shapes)?;
        let inputs = connection.inputs();
        Ok(Self {
            name: fields.text("name")?.to_owned(),
            kind,
            steps,
            connection,
            leak_raw: fields.number("leak_raw")?,
            leak: fields.number("leak")?,
            threshold: fields.number("threshold")?,
            threshold_effective: fields.number("threshold_effective")?,
            reset: read_reset(fields, "reset")?,
            psi: if kind == LayerKind::Readout { None } else { Some(read_psi(fields, "psi")?) },
            factors: read_factors(&fields.object("factors")?)?,
            input: fields.series("input", steps, &[inputs])?,
            grad_output: fields.series("grad_output", steps, &shapes.outputs)?,
            recorded: read_recorded(&fields.object("steps")?, kind, steps, &shapes, parameters.bias.is_some())?,
            totals: read_totals(fields, &parameters, &shapes)?,
            parameters,
        })
    }
}

/// Shapes as the files nest them: a convolution's arrays have all their dimensions.
struct Shapes {
    inputs: Vec<usize>,
    outputs: Vec<usize>,
    flat_outputs: usize,
    weight: Vec<usize>,
    /// Rows of the weight: outputs, or output channels.
    rows: usize,
}

impl Shapes {
    fn of(connection: Connection) -> Self {
        match connection {
            Connection::Dense { inputs, outputs } => Self {
                inputs: vec![inputs],
                outputs: vec![outputs],
                flat_outputs: outputs,
                weight: vec![outputs, inputs],
                rows: outputs,
            },
            Connection::Conv(c) => Self {
                inputs: vec![c.channels_in, c.height, c.width],
                outputs: vec![c.channels_out, c.height_out(), c.width_out()],
                flat_outputs: c.outputs(),
                weight: vec![c.channels_out, c.channels_in / c.groups, c.kernel[0], c.kernel[1]],
                rows: c.channels_out,
            },
        }
    }
}

fn read_connection(shape: &Fields<'_>, kind: LayerKind) -> Result<Connection, FieldError> {
    if kind != LayerKind::Conv {
        return Ok(Connection::dense(shape.integer("n_in", 1)?, shape.integer("n_out", 1)?));
    }
    let or_one = |name| Ok(shape.maybe(name, |shape, name| shape.integer(name, 1))?.unwrap_or(1));
    let conv = ConvShape {
        channels_in: shape.integer("c_in", 1)?,
        channels_out: shape.integer("c_out", 1)?,
        height: shape.integer("h", 1)?,
        width: shape.integer("w", 1)?,
        kernel: [shape.integer("kernel", 1)?; 2],
        stride: shape.integer("stride", 1)?,
        padding: shape.integer("padding", 0)?,
        dilation: or_one("dilation")?,
        groups: or_one("groups")?,
    };
    conv.check().map_err(|problem| FieldError::new("shape", problem))?;
    Ok(Connection::Conv(conv))
}

fn read_parameters(fields: &Fields<'_>, kind: LayerKind, shapes: &Shapes) -> Result<Parameters, FieldError> {
    let standardised = fields.flag("standardize")?;
    if standardised && kind == LayerKind::Readout {
        return Err(fields.error("standardize", "true given; a readout acts with its raw weights: false"));
    }
    let weights = |weight: &str, shape: &[usize], gain: &str| {
        let raw = fields.tensor(weight, shape)?;
        if !standardised {
            return Ok(Weights::plain(shapes.rows, raw));
        }
        if raw.len() < 2 * shapes.rows {
            return Err(fields.error(weight, "1 weight an output given; standardisation needs at least 2"));
        }
        Ok(Weights::standardised(raw, fields.tensor(gain, &[shapes.rows])?, fields.number("eps")?))
    };
    Ok(Parameters {
        weight: weights("weight_raw", &shapes.weight, "gain")?,
        weight_rec: match kind {
            LayerKind::Recurrent => Some(weights("weight_rec_raw", &[shapes.rows; 2], "gain_rec")?),
            LayerKind::Dense | LayerKind::Conv | LayerKind::Readout => None,
        },
        bias: fields.maybe("bias", |fields, name| fields.tensor(name, &[shapes.rows]))?,
    })
}

fn read_recorded(
    steps: &Fields<'_>,
    kind: LayerKind,
    count: usize,
    shapes: &Shapes,
    bias: bool,
) -> Result<BTreeMap<&'static str, Series>, FieldError> {
    let flat = [shapes.flat_outputs];
    let mut wanted: Vec<(&str, &[usize])> = vec![
        ("mem_pre_reset", &shapes.outputs),
        ("mem_post_reset", &shapes.outputs),
        ("output", &flat),
        ("trace_in", &shapes.inputs),
        ("grad_input", &shapes.inputs),
        ("grad_weight", &shapes.weight),
    ];
    if bias {
        wanted.push(("grad_bias", std::slice::from_ref(&shapes.rows)));
    }
    if kind != LayerKind::Readout {
        wanted.extend([("trace_out", &shapes.outputs[..]), ("trace_out_used", &shapes.outputs)]);
    }
    let square = [shapes.rows; 2];
    if kind == LayerKind::Recurrent {
        wanted.extend([("trace_in_rec_used", &flat[..]), ("trace_in_rec_next", &flat), ("grad_weight_rec", &square)]);
    }
    wanted.into_iter().map(|(name, shape)| Ok((name, steps.series(name, count, shape)?))).collect()
}

fn read_totals(
    fields: &Fields<'_>,
    parameters: &Parameters,
    shapes: &Shapes,
) -> Result<BTreeMap<&'static str, Vec<f64>>, FieldError> {
    let (rows, square) = ([shapes.rows], [shapes.rows; 2]);
    let mut wanted: Vec<(&str, &[usize])> = vec![("weight_effective", &shapes.weight)];
    if parameters.weight.standardisation.is_some() {
        wanted.extend([("sum_grad_weight_raw", &shapes.weight[..]), ("sum_grad_gain", &rows)]);
    }
    if let Some(weight_rec) = &parameters.weight_rec {
        wanted.push(("weight_rec_effective", &square));
        if weight_rec.standardisation.is_some() {
            wanted.extend([("sum_grad_weight_rec_raw", &square[..]), ("sum_grad_gain_rec", &rows)]);
        }
    }
    wanted.into_iter().map(|(name, shape)| Ok((name, fields.tensor(name, shape)?))).collect()
}

pub(super) fn read_factors(fields: &Fields<'_>) -> Result<Factors, FieldError> {
    Ok(Factors {
        lambda_post: fields.number("lambda_post")?,
        lambda_pre: fields.number("lambda_pre")?,
        alpha_post: fields.number("alpha_post")?,
        alpha_pre: fields.number("alpha_pre")?,
    })
}

pub(super) fn read_psi(fields: &Fields<'_>, name: &str) -> Result<Psi, FieldError> {
    match fields.text(name)? {
        "exp" => Ok(Psi::Exp),
        "tri" => Ok(Psi::Tri),
        "sigmoid" => Ok(Psi::Sigmoid),
        "tri_out" => Ok(Psi::TriOut),
        other => Err(fields.error(name, format!("{other:?} given; allowed: exp, tri, sigmoid, tri_out"))),
    }
}

pub(super) fn read_reset(fields: &Fields<'_>, name: &str) -> Result<Reset, FieldError> {
    match fields.text(name)? {
        "soft" => Ok(Reset::Soft),
        "hard" => Ok(Reset::Hard),
        "none" => Ok(Reset::None),
        other => Err(fields.error(name, format!("{other:?} given; allowed: soft, hard, none"))),
    }
}
