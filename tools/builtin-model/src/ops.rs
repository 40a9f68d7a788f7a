//! Fused operations with their gradients, on CPU slices.
//!
//! Candle's autograd composes them from many small tensors, which on one core costs more than the
//! matrix products; each operation here is one pass over its rows.

use candle_core::{CpuStorage, CustomOp1, CustomOp2, Layout, Result, Shape, Tensor};

/// The values of a contiguous f32 operand.
pub fn slice<'a>(storage: &'a CpuStorage, layout: &Layout) -> Result<&'a [f32]> {
    let values = storage.as_slice::<f32>()?;
    match layout.contiguous_offsets() {
        Some((start, end)) => Ok(&values[start..end]),
        None => candle_core::bail!("operand is not contiguous"),
    }
}

/// The values of a tensor in row-major order.
pub fn values(tensor: &Tensor) -> Result<Vec<f32>> {
    tensor.flatten_all()?.to_vec1::<f32>()
}

/// `e^x` for `x <= 0`, good to about 2 ulp, in a form that vectorises.
#[inline(always)]
pub fn exp(x: f32) -> f32 {
    let x = x.max(-87.0);
    let n = (x * std::f32::consts::LOG2_E + 12_582_912.0) - 12_582_912.0;
    let r = (x - n * 0.693_359_4) + n * 2.121_944_4e-4;
    let p = 1.987_569_1e-4;
    let p = p * r + 1.398_2e-3;
    let p = p * r + 8.333_452e-3;
    let p = p * r + 4.166_579_6e-2;
    let p = p * r + 1.666_666_6e-1;
    let p = p * r + 0.5;
    let y = p * r * r + r + 1.0;
    y * f32::from_bits((((n as i32) + 127) << 23) as u32)
}

/// RMS normalisation of the rows of `x` times a gain.
pub struct RmsNorm {
    /// Added to the mean square.
    pub epsilon: f32,
}

impl RmsNorm {
    fn scale(&self, row: &[f32]) -> f32 {
        let squares: f32 = row.iter().map(|v| v * v).sum();
        1.0 / (squares / row.len() as f32 + self.epsilon).sqrt()
    }
}

impl CustomOp2 for RmsNorm {
    fn name(&self) -> &'static str {
        "rms-norm"
    }

    fn cpu_fwd(&self, s1: &CpuStorage, l1: &Layout, s2: &CpuStorage, l2: &Layout) -> Result<(CpuStorage, Shape)> {
        let (x, gain) = (slice(s1, l1)?, slice(s2, l2)?);
        let mut out = vec![0f32; x.len()];
        for (row, out) in x.chunks_exact(gain.len()).zip(out.chunks_exact_mut(gain.len())) {
            let scale = self.scale(row);
            for ((out, x), gain) in out.iter_mut().zip(row).zip(gain) {
                *out = x * scale * gain;
            }
        }
        Ok((CpuStorage::F32(out), l1.shape().clone()))
    }

    fn bwd(&self, x: &Tensor, gain: &Tensor, _: &Tensor, grad: &Tensor) -> Result<(Option<Tensor>, Option<Tensor>)> {
        let (xs, g, dy) = (values(x)?, values(gain)?, values(grad)?);
        let width = g.len();
        let (mut dx, mut dg) = (vec![0f32; xs.len()], vec![0f32; width]);
        for ((row, dy), dx) in xs.chunks_exact(width).zip(dy.chunks_exact(width)).zip(dx.chunks_exact_mut(width)) {
            let scale = self.scale(row);
            let mut dot = 0f32;
            for i in 0..width {
                dot += dy[i] * g[i] * row[i];
                dg[i] += dy[i] * row[i] * scale;
            }
            let pull = dot * scale * scale * scale / width as f32;
            for i in 0..width {
                dx[i] = dy[i] * g[i] * scale - row[i] * pull;
            }
        }
        Ok((Some(Tensor::from_vec(dx, x.shape(), x.device())?), Some(Tensor::from_vec(dg, gain.shape(), x.device())?)))
    }
}

/// `silu(gate) * up` for rows that hold the gate and then the up values.
pub struct SwiGlu;

#[inline(always)]
fn sigmoid(x: f32) -> f32 {
    let e = exp(-x.abs());
    let d = 1.0 / (1.0 + e);
    if x < 0.0 {
        e * d
    } else {
        d
    }
}

impl CustomOp1 for SwiGlu {
    fn name(&self) -> &'static str {
        "swiglu"
    }

    fn cpu_fwd(&self, storage: &CpuStorage, layout: &Layout) -> Result<(CpuStorage, Shape)> {
        let x = slice(storage, layout)?;
        let (rows, width) = layout.shape().dims2()?;
        let half = width / 2;
        let mut out = vec![0f32; rows * half];
        for (row, out) in x.chunks_exact(width).zip(out.chunks_exact_mut(half)) {
            let (gate, up) = row.split_at(half);
            for ((out, gate), up) in out.iter_mut().zip(gate).zip(up) {
                *out = gate * sigmoid(*gate) * up;
            }
        }
        Ok((CpuStorage::F32(out), Shape::from((rows, half))))
    }

    fn bwd(&self, x: &Tensor, _: &Tensor, grad: &Tensor) -> Result<Option<Tensor>> {
        let (xs, dy) = (values(x)?, values(grad)?);
        let (_, width) = x.dims2()?;
        let half = width / 2;
        let mut dx = vec![0f32; xs.len()];
        for ((row, dy), dx) in xs.chunks_exact(width).zip(dy.chunks_exact(half)).zip(dx.chunks_exact_mut(width)) {
            let (gate, up) = row.split_at(half);
            let (dgate, dup) = dx.split_at_mut(half);
            for i in 0..half {
                let s = sigmoid(gate[i]);
                dup[i] = dy[i] * gate[i] * s;
                dgate[i] = dy[i] * up[i] * s * (1.0 + gate[i] * (1.0 - s));
            }
        }
        Ok(Some(Tensor::from_vec(dx, x.shape(), x.device())?))
    }
}

/// Mean cross-entropy of rows of logits against one target id a row, in nats.
pub struct CrossEntropy {
    /// The target of each row.
    pub targets: Vec<u32>,
}

impl CustomOp1 for CrossEntropy {
    fn name(&self) -> &'static str {
        "cross-entropy"
    }

    fn cpu_fwd(&self, storage: &CpuStorage, layout: &Layout) -> Result<(CpuStorage, Shape)> {
        let logits = slice(storage, layout)?;
        let (rows, width) = layout.shape().dims2()?;
        let mut total = 0f64;
        for (row, target) in logits.chunks_exact(width).zip(&self.targets) {
            let max = row.iter().copied().fold(f32::NEG_INFINITY, f32::max);
            let sum: f32 = row.iter().map(|v| exp(v - max)).sum();
            total += f64::from(sum.ln() + max - row[*target as usize]);
        }
        Ok((CpuStorage::F32(vec![(total / rows as f64) as f32]), Shape::from(())))
    }

    fn bwd(&self, logits: &Tensor, _: &Tensor, grad: &Tensor) -> Result<Option<Tensor>> {
        let (rows, width) = logits.dims2()?;
        let factor = grad.to_scalar::<f32>()? / rows as f32;
        let mut d = values(logits)?;
        for (row, target) in d.chunks_exact_mut(width).zip(&self.targets) {
            let max = row.iter().copied().fold(f32::NEG_INFINITY, f32::max);
            let mut sum = 0f32;
            for v in row.iter_mut() {
                *v = exp(*v - max);
                sum += *v;
            }
            let scale = factor / sum;
            row.iter_mut().for_each(|v| *v *= scale);
            row[*target as usize] -= factor;
        }
        Ok(Some(Tensor::from_vec(d, logits.shape(), logits.device())?))
    }
}

/// Compares gradients with finite differences.
#[cfg(test)]
pub mod gradient {
    use candle_core::{Device, Result, Tensor, Var};

    /// Numbers in -1..1 from a small generator.
    pub fn numbers(count: usize, mut state: u32) -> Vec<f32> {
        let next = || {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (state >> 8) as f32 / 8_388_608.0 - 1.0
        };
        std::iter::repeat_with(next).take(count).collect()
    }

    /// Checks the gradient of `operation` at `x` in the direction of every element.
    pub fn check(x: Vec<f32>, shape: &[usize], operation: impl Fn(&Tensor) -> Result<Tensor>) -> Result<()> {
        // A weighted sum, so that every output counts and differently.
        let objective = |x: &Tensor| -> Result<Tensor> {
            let y = operation(x)?;
            let weights = Tensor::from_vec(numbers(y.elem_count(), 99), y.shape(), &Device::Cpu)?;
            (y * weights)?.sum_all()
        };
        let variable = Var::from_tensor(&Tensor::from_slice(&x, shape, &Device::Cpu)?)?;
        let gradients = objective(&variable)?.backward()?;
        let found = super::values(gradients.get(&variable).expect("the operation has a gradient"))?;
        let step = 4e-3f32;
        for (at, found) in found.iter().enumerate() {
            let moved = |by: f32| -> Result<f64> {
                let mut x = x.clone();
                x[at] += by;
                Ok(f64::from(objective(&Tensor::from_vec(x, shape, &Device::Cpu)?)?.to_scalar::<f32>()?))
            };
            let expected = (moved(step)? - moved(-step)?) / f64::from(2.0 * step);
            let error = (f64::from(*found) - expected).abs();
            assert!(error < 4e-3 * (1.0 + expected.abs()), "element {at}: {found}, finite difference {expected}");
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::gradient::{check, numbers};
    use super::*;
    use candle_core::Device;

    #[test]
    fn rms_norm_has_the_gradients_of_finite_differences() -> Result<()> {
        let gain = Tensor::from_vec(numbers(8, 3), 8, &Device::Cpu)?;
        check(numbers(24, 1), &[3, 8], |x| x.apply_op2(&gain, RmsNorm { epsilon: 1e-5 }))?;
        let x = Tensor::from_vec(numbers(24, 1), (3, 8), &Device::Cpu)?;
        check(numbers(8, 3), &[8], |gain| x.apply_op2(gain, RmsNorm { epsilon: 1e-5 }))
    }

    #[test]
    fn swiglu_has_the_gradient_of_finite_differences() -> Result<()> {
        check(numbers(30, 5), &[3, 10], |x| x.apply_op1(SwiGlu))
    }

    #[test]
    fn cross_entropy_has_the_gradient_of_finite_differences() -> Result<()> {
        check(numbers(21, 7), &[3, 7], |x| x.apply_op1(CrossEntropy { targets: vec![0, 6, 3] }))
    }
}
