//! Geometry of a two-dimensional convolution.

/// Sizes of a convolution with the same stride, padding and dilation in both directions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ConvShape {
    /// Input channels; a multiple of `groups`.
    pub channels_in: usize,
    /// Output channels; a multiple of `groups`.
    pub channels_out: usize,
    /// Input rows.
    pub height: usize,
    /// Input columns.
    pub width: usize,
    /// Rows and columns of a filter.
    pub kernel: [usize; 2],
    /// Step between two outputs, in input pixels; at least 1.
    pub stride: usize,
    /// Zeros added on each side of the input.
    pub padding: usize,
    /// Distance of a filter's neighbours, in input pixels; at least 1.
    pub dilation: usize,
    /// Groups of channels that see only each other; at least 1.
    pub groups: usize,
}

impl ConvShape {
    /// A convolution whose outputs lie on its inputs' pixels: square filters of an odd size, padded by half of it.
    pub fn same(channels: [usize; 2], height: usize, width: usize, kernel: usize) -> Self {
        assert_eq!(kernel % 2, 1, "kernel: odd, so that it has a centre");
        let [channels_in, channels_out] = channels;
        Self {
            channels_in,
            channels_out,
            height,
            width,
            kernel: [kernel; 2],
            stride: 1,
            padding: (kernel - 1) / 2,
            dilation: 1,
            groups: 1,
        }
    }

    /// Checks the sizes against each other; the error names the size, what was given and what is allowed.
    pub fn check(&self) -> Result<(), String> {
        let sizes = [
            ("channels_in", self.channels_in),
            ("channels_out", self.channels_out),
            ("height", self.height),
            ("width", self.width),
            ("kernel", self.kernel[0]),
            ("kernel", self.kernel[1]),
            ("stride", self.stride),
            ("dilation", self.dilation),
            ("groups", self.groups),
        ];
        if let Some((name, _)) = sizes.iter().find(|(_, size)| *size == 0) {
            return Err(format!("{name} is 0; it must be at least 1"));
        }
        for (name, channels) in [("channels_in", self.channels_in), ("channels_out", self.channels_out)] {
            if channels % self.groups != 0 {
                return Err(format!("{name} is {channels}; it must be a multiple of groups, {}", self.groups));
            }
        }
        for (axis, name, size) in [(0, "height", self.height), (1, "width", self.width)] {
            let (span, room) = (self.span(axis), size + 2 * self.padding);
            if span > room {
                return Err(format!("kernel spans {span} pixels; {name} and its padding have only {room}"));
            }
        }
        Ok(())
    }

    /// Output rows.
    pub fn height_out(&self) -> usize {
        self.places(0, self.height)
    }

    /// Output columns.
    pub fn width_out(&self) -> usize {
        self.places(1, self.width)
    }

    /// Output rows times columns.
    pub fn positions_out(&self) -> usize {
        self.height_out() * self.width_out()
    }

    /// Number of inputs.
    pub fn inputs(&self) -> usize {
        self.channels_in * self.height * self.width
    }

    /// Number of outputs.
    pub fn outputs(&self) -> usize {
        self.channels_out * self.positions_out()
    }

    /// Weights of one output channel: input channels of its group times the kernel's area.
    pub fn fan_in(&self) -> usize {
        self.channels_in / self.groups * self.kernel[0] * self.kernel[1]
    }

    /// Number of weights.
    pub fn weights(&self) -> usize {
        self.channels_out * self.fan_in()
    }

    /// Calls `synapse(weight, input, output)` for every input a filter touches at every place it is put; what falls
    /// onto the padding is left out.
    pub(super) fn each_synapse(&self, mut synapse: impl FnMut(usize, usize, usize)) {
        let channels = self.channels_in / self.groups;
        for channel_out in 0..self.channels_out {
            let first_channel = channel_out / (self.channels_out / self.groups) * channels;
            for channel in 0..channels {
                let [rows, columns] = self.kernel;
                for (tap_row, tap_column) in grid(rows, columns) {
                    let weight = ((channel_out * channels + channel) * rows + tap_row) * columns + tap_column;
                    for (row_out, column_out) in grid(self.height_out(), self.width_out()) {
                        let Some(row) = self.input_place(row_out, tap_row, self.height) else { continue };
                        let Some(column) = self.input_place(column_out, tap_column, self.width) else { continue };
                        let input = ((first_channel + channel) * self.height + row) * self.width + column;
                        let output = (channel_out * self.height_out() + row_out) * self.width_out() + column_out;
                        synapse(weight, input, output);
                    }
                }
            }
        }
    }

    /// The input row (column) under a filter's tap, or nothing on the padding.
    fn input_place(&self, out: usize, tap: usize, size: usize) -> Option<usize> {
        (out * self.stride + tap * self.dilation).checked_sub(self.padding).filter(|&place| place < size)
    }

    /// Input pixels from a filter's first row (axis 0) or column (axis 1) to its last, both included.
    fn span(&self, axis: usize) -> usize {
        self.dilation * (self.kernel[axis] - 1) + 1
    }

    /// How many places a filter takes along an axis of `size` input pixels.
    fn places(&self, axis: usize, size: usize) -> usize {
        (size + 2 * self.padding - self.span(axis)) / self.stride + 1
    }
}

fn grid(rows: usize, columns: usize) -> impl Iterator<Item = (usize, usize)> {
    (0..rows).flat_map(move |row| (0..columns).map(move |column| (row, column)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::layer::Connection;

    const SHAPE: ConvShape = ConvShape {
        channels_in: 1,
        channels_out: 1,
        height: 3,
        width: 4,
        kernel: [2, 2],
        stride: 1,
        padding: 0,
        dilation: 1,
        groups: 1,
    };
    const INPUT: [f64; 12] = [1., 2., 3., 4., 5., 6., 7., 8., 9., 10., 11., 12.];

    #[test]
    fn plain() {
        let conv = Connection::Conv(SHAPE);
        let filter = [1.0, 10.0, 100.0, 1000.0];
        assert_eq!(conv.forward(&filter, &INPUT)[..3], [6521.0, 7632.0, 8743.0]);
        assert_eq!(conv.outputs(), 6);
        let corner = [1.0, 0.0, 0.0, 0.0, 0.0, 0.0];
        assert_eq!(conv.transpose(&filter, &corner)[..6], [1.0, 10.0, 0.0, 0.0, 100.0, 1000.0]);
        assert_eq!(conv.correlate(&corner, &INPUT), [1.0, 2.0, 5.0, 6.0]);
    }

    #[test]
    fn stride_padding_and_dilation() {
        let shape = ConvShape { stride: 2, padding: 1, ..SHAPE };
        assert_eq!((shape.height_out(), shape.width_out()), (2, 3));
        // the filter's last tap alone picks rows 0 and 2 of columns 0 and 2; the third column of outputs sees padding
        let picked = Connection::Conv(shape).forward(&[0.0, 0.0, 0.0, 1.0], &INPUT);
        assert_eq!(picked, [1.0, 3.0, 0.0, 9.0, 11.0, 0.0]);
        let shape = ConvShape { dilation: 2, ..SHAPE };
        assert_eq!((shape.height_out(), shape.width_out()), (1, 2));
        assert_eq!(Connection::Conv(shape).forward(&[1.0, 0.0, 0.0, 1.0], &INPUT), [12.0, 14.0]);
    }

    #[test]
    fn filters_need_not_be_square() {
        let shape = ConvShape { kernel: [1, 3], ..SHAPE };
        assert_eq!((shape.height_out(), shape.width_out(), shape.weights()), (3, 2, 3));
        let conv = Connection::Conv(shape);
        assert_eq!(conv.forward(&[1.0, 10.0, 100.0], &INPUT), [321.0, 432.0, 765.0, 876.0, 1209.0, 1320.0]);
        assert_eq!(conv.correlate(&[0.0, 0.0, 0.0, 1.0, 0.0, 0.0], &INPUT), [6.0, 7.0, 8.0]);
    }

    #[test]
    fn a_filter_with_a_centre_keeps_the_size() {
        let shape = ConvShape::same([1, 2], 3, 4, 3);
        assert_eq!((shape.check(), shape.height_out(), shape.width_out()), (Ok(()), 3, 4));
        let mut centre = [0.0; 18];
        (centre[4], centre[13]) = (1.0, -1.0);
        let outputs = Connection::Conv(shape).forward(&centre, &INPUT);
        assert_eq!((&outputs[..12], &outputs[12..]), (&INPUT[..], &INPUT.map(|x| -x)[..]));
    }

    #[test]
    fn groups_see_only_their_own_channels() {
        let shape =
            ConvShape { channels_in: 2, channels_out: 2, height: 1, width: 1, kernel: [1, 1], groups: 2, ..SHAPE };
        assert_eq!(Connection::Conv(shape).forward(&[3.0, 5.0], &[1.0, 2.0]), [3.0, 10.0]);
    }

    #[test]
    fn impossible_sizes_are_refused() {
        let refused = |shape: ConvShape| shape.check().expect_err("refused");
        assert_eq!(refused(ConvShape { stride: 0, ..SHAPE }), "stride is 0; it must be at least 1");
        assert_eq!(refused(ConvShape { groups: 2, ..SHAPE }), "channels_in is 1; it must be a multiple of groups, 2");
        let message = "kernel spans 4 pixels; height and its padding have only 3";
        assert_eq!(refused(ConvShape { kernel: [4, 2], ..SHAPE }), message);
        assert_eq!(SHAPE.check(), Ok(()));
    }
}
