//! An image of events.

use super::round;

/// Fraction bits of a place in the image.
pub const PLACE_BITS: u32 = 12;
/// Fraction bits of a slope: a vote's and a place's.
pub const SLOPE_BITS: u32 = 16 + PLACE_BITS;
/// A whole pixel.
const PIXEL: i32 = 1 << PLACE_BITS;
/// Where a pixel is full: just under 8192, so that a blur's sum fits.
const FULL: i32 = (1 << 29) - 1;

/// Events at places between pixels, `Q 16` a pixel, row by row; zero outside.
pub struct Image<'a> {
    /// Columns.
    pub width: usize,
    /// Rows.
    pub height: usize,
    /// As many as both say.
    pub pixels: &'a mut [i32],
}

impl Image<'_> {
    /// The pixel of a column and a row; none outside.
    fn index(&self, column: i32, row: i32) -> Option<usize> {
        let inside = (column as u32) < self.width as u32 && (row as u32) < self.height as u32;
        inside.then(|| row as usize * self.width + column as usize)
    }

    /// Adds `weight` (0..=2) events, shared by the four pixels around their place.
    #[inline(never)]
    pub fn vote(&mut self, (x, y): (i32, i32), weight: i32) {
        let (column, row) = (x >> PLACE_BITS, y >> PLACE_BITS);
        let (a, b) = (x & (PIXEL - 1), y & (PIXEL - 1));
        // The four add up to one.
        let both = (a * b + 128) >> 8;
        let (a, b) = ((a << 4) - both, (b << 4) - both);
        for (right, down, vote) in [(0, 0, (1 << 16) - a - b - both), (1, 0, a), (0, 1, b), (1, 1, both)] {
            if let Some(pixel) = self.index(column + right, row + down).and_then(|at| self.pixels.get_mut(at)) {
                *pixel = (*pixel + vote * weight).min(FULL);
            }
        }
    }

    /// So many times [1 2 1] / 4 along x, then along y, zero outside. `above` is as long as a row.
    #[inline(never)]
    pub fn blur(&mut self, passes: u32, above: &mut [i32]) {
        for pass in 0..2 * passes {
            let along_x = pass % 2 == 0;
            let step = if along_x { 1 } else { self.width };
            above.fill(0);
            for at in (0..self.pixels.len()).step_by(self.width) {
                let mut left = 0;
                for (column, above) in above.iter_mut().enumerate() {
                    let last = along_x && column + 1 == self.width;
                    let after = self.pixels.get(at + column + step).copied().filter(|_| !last).unwrap_or(0);
                    let before = if along_x { &mut left } else { above };
                    if let Some(pixel) = self.pixels.get_mut(at + column) {
                        let here = *pixel;
                        // At most four times what is full: it fits.
                        *pixel = (*before + 2 * here + after + 2) >> 2;
                        *before = here;
                    }
                }
            }
        }
    }

    /// The image between four pixels (`Q 16`), and its slopes along x and y (`SLOPE_BITS`).
    #[inline(never)]
    pub fn look(&self, (x, y): (i32, i32)) -> (u64, [i64; 2]) {
        let (column, row) = (x >> PLACE_BITS, y >> PLACE_BITS);
        let (a, b) = ((x & (PIXEL - 1)) as i64, (y & (PIXEL - 1)) as i64);
        // The four pixels, row by row.
        let at = [(0, 0), (1, 0), (0, 1), (1, 1)].map(|(right, down)| {
            let pixel = self.index(column + right, row + down).and_then(|at| self.pixels.get(at));
            pixel.map_or(0, |&pixel| pixel as i64)
        });
        // Columns between the rows, and rows between the columns.
        let between = |part: i64, from: i64, to: i64| (from << PLACE_BITS) + part * (to - from);
        let (left, right) = (between(b, at[0], at[2]), between(b, at[1], at[3]));
        let (top, bottom) = (between(a, at[0], at[1]), between(a, at[2], at[3]));
        (round(between(a, left, right), 2 * PLACE_BITS) as u64, [right - left, bottom - top])
    }
}
