//! An image of votes.

/// Real values on a grid; zero outside.
#[derive(Clone, Debug)]
pub(super) struct Image {
    height: usize,
    width: usize,
    values: Vec<f64>,
}

impl Image {
    pub fn new(height: usize, width: usize) -> Self {
        Self { height, width, values: vec![0.0; height * width] }
    }

    /// A vote of some weight, shared by the four pixels around (x, y) in proportion; what falls outside is lost.
    pub fn vote(&mut self, x: f64, y: f64, weight: f64) {
        for (row, column, share) in shares(x, y) {
            if let Some(i) = self.index(row, column) {
                self.values[i] += share * weight;
            }
        }
    }

    /// The bilinear surface at (x, y).
    pub fn at_point(&self, x: f64, y: f64) -> f64 {
        shares(x, y).map(|(row, column, share)| share * self.at(row, column)).iter().sum()
    }

    /// `passes` times \[1 2 1\]/4 along rows and columns.
    pub fn smoothed(&self, passes: usize) -> Image {
        (0..passes).fold(self.clone(), |image, _| image.smoothed_along(0, 1).smoothed_along(1, 0))
    }

    /// The slopes along x and y of the bilinear surface at (x, y); at whole x (y) those to the right (downwards).
    pub fn slope(&self, x: f64, y: f64) -> (f64, f64) {
        let ((column, a), (row, b)) = (split(x), split(y));
        let between = |part: f64, low: f64, high: f64| (1.0 - part) * low + part * high;
        let in_column = |column| between(b, self.at(row, column), self.at(row + 1, column));
        let in_row = |row| between(a, self.at(row, column), self.at(row, column + 1));
        (in_column(column + 1) - in_column(column), in_row(row + 1) - in_row(row))
    }

    fn at(&self, row: i64, column: i64) -> f64 {
        self.index(row, column).map_or(0.0, |i| self.values[i])
    }

    fn index(&self, row: i64, column: i64) -> Option<usize> {
        let inside = (0..self.height as i64).contains(&row) && (0..self.width as i64).contains(&column);
        inside.then(|| row as usize * self.width + column as usize)
    }

    /// \[1 2 1\]/4 over each pixel and those before and behind it.
    fn smoothed_along(&self, rows: i64, columns: i64) -> Image {
        let mean = |i: usize| {
            let (row, column) = ((i / self.width) as i64, (i % self.width) as i64);
            let sides = self.at(row - rows, column - columns) + self.at(row + rows, column + columns);
            (sides + 2.0 * self.values[i]) / 4.0
        };
        Image { values: (0..self.values.len()).map(mean).collect(), ..*self }
    }
}

/// The four pixels around (x, y), row and column, and their shares in it.
fn shares(x: f64, y: f64) -> [(i64, i64, f64); 4] {
    let ((column, a), (row, b)) = (split(x), split(y));
    [
        (row, column, (1.0 - a) * (1.0 - b)),
        (row, column + 1, a * (1.0 - b)),
        (row + 1, column, (1.0 - a) * b),
        (row + 1, column + 1, a * b),
    ]
}

/// The whole part (far outside of any image: some number out there) and the rest, at least 0 and below 1.
fn split(place: f64) -> (i64, f64) {
    (place.floor().clamp(-1e9, 1e9) as i64, place - place.floor())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_vote_is_shared_in_proportion() {
        let mut image = Image::new(2, 2);
        image.vote(0.25, 0.5, 2.0);
        assert_eq!(image.values, [0.75, 0.25, 0.75, 0.25]);
        assert_eq!(image.at_point(0.5, 0.5), 0.5);
    }

    #[test]
    fn what_falls_outside_is_lost() {
        let mut image = Image::new(1, 2);
        image.vote(-0.25, 0.0, 1.0);
        image.vote(1.5, -0.5, 1.0);
        image.vote(-1e300, 1e300, 1.0);
        assert_eq!(image.values, [0.75, 0.25]);
    }

    #[test]
    fn smoothing_by_hand() {
        let mut image = Image::new(3, 3);
        image.vote(1.0, 1.0, 1.0);
        assert_eq!(image.smoothed(1).values.map_to_16(), [1, 2, 1, 2, 4, 2, 1, 2, 1]);
        assert_eq!(image.smoothed(0).values, image.values);
        // in the corner a part leaves the image
        let mut image = Image::new(2, 2);
        image.vote(0.0, 0.0, 1.0);
        assert_eq!(image.smoothed(1).values.map_to_16(), [4, 2, 2, 1]);
    }

    trait Sixteenths {
        fn map_to_16(&self) -> Vec<i32>;
    }

    impl Sixteenths for Vec<f64> {
        fn map_to_16(&self) -> Vec<i32> {
            self.iter().map(|value| (value * 16.0) as i32).collect()
        }
    }

    #[test]
    fn slopes_by_hand() {
        let image = Image { height: 2, width: 3, values: vec![1.0, 4.0, 2.0, 0.0, 8.0, 2.0] };
        assert_eq!(image.slope(0.5, 0.25), (0.75 * 3.0 + 0.25 * 8.0, 4.0 - 2.5));
        // at whole columns and rows to the right and downwards, where zeros are outside
        assert_eq!(image.slope(1.0, 0.0), (-2.0, 4.0));
        assert_eq!(image.slope(2.0, 1.0), (-2.0, -2.0));
        assert_eq!(image.slope(9.0, 9.0), (0.0, 0.0));
    }
}
