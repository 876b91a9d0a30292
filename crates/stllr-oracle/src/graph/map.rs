//! Maps: what flows between nodes.

/// Size of a map; a vector of n values is n channels of one pixel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shape {
    /// Number of channels.
    pub channels: usize,
    /// Rows.
    pub height: usize,
    /// Columns.
    pub width: usize,
}

impl Shape {
    /// A map.
    pub fn new(channels: usize, height: usize, width: usize) -> Self {
        Self { channels, height, width }
    }

    /// A vector.
    pub fn vector(count: usize) -> Self {
        Self::new(count, 1, 1)
    }

    /// How many values there are.
    pub fn count(self) -> usize {
        self.channels * self.height * self.width
    }

    /// The place of a value: `[channel][row][column]`.
    pub fn index(self, channel: usize, row: usize, column: usize) -> usize {
        (channel * self.height + row) * self.width + column
    }

    /// Every (channel, row, column), in order.
    pub fn places(self) -> impl Iterator<Item = (usize, usize, usize)> {
        let rows = move |channel| (0..self.height).map(move |row| (channel, row));
        let columns = move |(channel, row)| (0..self.width).map(move |column| (channel, row, column));
        (0..self.channels).flat_map(rows).flat_map(columns)
    }
}

/// The values of a node at one step.
#[derive(Clone, Copy, Debug)]
pub struct Map<'a> {
    /// Their shape.
    pub shape: Shape,
    /// `[channel][row][column]`.
    pub values: &'a [f64],
}
