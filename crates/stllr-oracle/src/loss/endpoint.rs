//! Average endpoint error: how far the end of a flow's arrow is from where it should be.

/// mean over the N masked pixels of sqrt(du^2 + dv^2) with (du, dv) = `values` - `flow` there; 0 where N = 0.
///
/// `values` and `flow` are `[2][height][width]`, `mask` is `[height][width]`.
pub fn endpoint_error(values: &[f64], flow: &[f64], mask: &[bool]) -> f64 {
    let errors = errors(values, flow, mask);
    let pixels = mask.iter().filter(|&&known| known).count().max(1);
    errors.iter().map(|[du, dv]| du.hypot(*dv)).sum::<f64>() / pixels as f64
}

/// (du, dv) / sqrt(du^2 + dv^2) / N at each masked pixel, in the layout of `values`; 0 where the error is 0 and outside
/// the mask.
pub fn endpoint_gradient(values: &[f64], flow: &[f64], mask: &[bool]) -> Vec<f64> {
    let errors = errors(values, flow, mask);
    let pixels = mask.iter().filter(|&&known| known).count().max(1) as f64;
    let component = |axis: usize| {
        errors.iter().map(move |error| {
            let length = error[0].hypot(error[1]);
            if length > 0.0 { error[axis] / length / pixels } else { 0.0 }
        })
    };
    component(0).chain(component(1)).collect()
}

/// (du, dv) of every pixel, zero outside the mask.
fn errors(values: &[f64], flow: &[f64], mask: &[bool]) -> Vec<[f64; 2]> {
    assert_eq!(values.len(), 2 * mask.len(), "values: two a pixel");
    assert_eq!(flow.len(), 2 * mask.len(), "flow: two values a pixel");
    let error = |i: usize| values[i] - flow[i];
    let of_pixel = |(i, &known): (usize, &bool)| if known { [error(i), error(mask.len() + i)] } else { [0.0; 2] };
    mask.iter().enumerate().map(of_pixel).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn by_hand() {
        // three pixels: an error of (3, 4), one outside the mask, one without error
        let values = [4.0, 9.0, 1.0, 4.0, 9.0, 2.0];
        let flow = [1.0, 0.0, 1.0, 0.0, 0.0, 2.0];
        let mask = [true, false, true];
        assert_eq!(endpoint_error(&values, &flow, &mask), 2.5);
        assert_eq!(endpoint_gradient(&values, &flow, &mask), [0.3, 0.0, 0.0, 0.4, 0.0, 0.0]);
    }

    #[test]
    fn nothing_known_is_no_error() {
        assert_eq!(endpoint_error(&[1.0, 2.0], &[0.0, 0.0], &[false]), 0.0);
        assert_eq!(endpoint_gradient(&[1.0, 2.0], &[0.0, 0.0], &[false]), [0.0, 0.0]);
    }
}
