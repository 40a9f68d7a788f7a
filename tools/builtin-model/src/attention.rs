//! Causal grouped-query attention with rotary positions, fused into one operation with its gradient.

use std::sync::Arc;

use candle_core::{CpuStorage, CustomOp1, Layout, Result, Shape, Tensor};

use crate::ops::{exp, slice, values};

/// Attention over rows `[queries | keys | values]`, `sequence` rows a sequence.
pub struct Attention {
    /// Rows a sequence.
    pub sequence: usize,
    /// Query heads.
    pub heads: usize,
    /// Key and value heads.
    pub kv_heads: usize,
    /// Width of a head.
    pub head_dim: usize,
    /// For every row the first row of its sequence that it sees: where its document begins.
    pub starts: Arc<Vec<usize>>,
    /// `cos` and `sin` of position times frequency, `sequence * head_dim / 2` values each.
    pub rotation: Arc<(Vec<f32>, Vec<f32>)>,
}

/// [`Attention::starts`] of sequences in which `begin` opens every document.
///
/// Positions are relative, so a document in the middle of a sequence is learned as if it stood
/// alone, which is how it is met in use.
pub fn document_starts(tokens: &[u32], sequence: usize, begin: u32) -> Vec<usize> {
    let mut start = 0;
    let starts = tokens.iter().enumerate().map(|(at, token)| {
        let at = at % sequence;
        if at == 0 || *token == begin {
            start = at;
        }
        start
    });
    starts.collect()
}

/// The rotation tables for [`Attention::rotation`].
pub fn rotation(sequence: usize, head_dim: usize, theta: f64) -> (Vec<f32>, Vec<f32>) {
    let half = head_dim / 2;
    let angles = (0..sequence * half).map(|at| {
        let frequency = theta.powf(-((2 * (at % half)) as f64) / head_dim as f64);
        (at / half) as f64 * frequency
    });
    angles.map(|angle| (angle.cos() as f32, angle.sin() as f32)).unzip()
}

impl Attention {
    fn width(&self) -> usize {
        (self.heads + 2 * self.kv_heads) * self.head_dim
    }

    /// Rows of one head as a contiguous block, rotated forward if asked.
    fn gather(&self, rows: &[f32], head: usize, rotate: bool, out: &mut [f32]) {
        let d = self.head_dim;
        for (t, (row, out)) in rows.chunks_exact(self.width()).zip(out.chunks_exact_mut(d)).enumerate() {
            out.copy_from_slice(&row[head * d..(head + 1) * d]);
            if rotate {
                self.rotate(out, t, 1.0);
            }
        }
    }

    /// Rotates one head row; `direction` -1 is the inverse, which is the gradient.
    fn rotate(&self, row: &mut [f32], position: usize, direction: f32) {
        let half = self.head_dim / 2;
        let (cos, sin) = (&self.rotation.0[position * half..], &self.rotation.1[position * half..]);
        let (low, high) = row.split_at_mut(half);
        for i in 0..half {
            let (c, s) = (cos[i], sin[i] * direction);
            let (a, b) = (low[i], high[i]);
            low[i] = a * c - b * s;
            high[i] = b * c + a * s;
        }
    }

    /// Probabilities of one query over the keys from `start` on; `keys` is transposed, `[d][t]`.
    #[inline(always)]
    fn probabilities(&self, query: &[f32], keys: &[f32], start: usize, p: &mut [f32]) {
        let scale = 1.0 / (self.head_dim as f32).sqrt();
        p.fill(0.0);
        accumulate_columns(query, &keys[start..], self.sequence, p);
        let max = p.iter().copied().fold(f32::NEG_INFINITY, f32::max);
        let mut sum = 0f32;
        for v in p.iter_mut() {
            *v = exp((*v - max) * scale);
        }
        for v in p.iter() {
            sum += *v;
        }
        let factor = 1.0 / sum;
        p.iter_mut().for_each(|v| *v *= factor);
    }
}

/// `out[j] += sum over d of row[d] * columns[d][j]`.
#[inline(always)]
fn accumulate_columns(row: &[f32], columns: &[f32], stride: usize, out: &mut [f32]) {
    let n = out.len();
    for (four, block) in row.chunks_exact(4).zip(columns.chunks(4 * stride)) {
        let (a, b) = (&block[..n], &block[stride..stride + n]);
        let (c, d) = (&block[2 * stride..2 * stride + n], &block[3 * stride..3 * stride + n]);
        for j in 0..n {
            out[j] += four[0] * a[j] + four[1] * b[j] + four[2] * c[j] + four[3] * d[j];
        }
    }
}

fn transpose(rows: &[f32], width: usize, out: &mut [f32]) {
    let count = rows.len() / width;
    for (t, row) in rows.chunks_exact(width).enumerate() {
        for (d, v) in row.iter().enumerate() {
            out[d * count + t] = *v;
        }
    }
}

#[inline(always)]
fn add_scaled(out: &mut [f32], row: &[f32], factor: f32) {
    for (out, v) in out.iter_mut().zip(row) {
        *out += factor * v;
    }
}

impl CustomOp1 for Attention {
    fn name(&self) -> &'static str {
        "attention"
    }

    fn cpu_fwd(&self, storage: &CpuStorage, layout: &Layout) -> Result<(CpuStorage, Shape)> {
        let x = slice(storage, layout)?;
        let (rows, width) = layout.shape().dims2()?;
        let (t, d) = (self.sequence, self.head_dim);
        let out_width = self.heads * d;
        let mut out = vec![0f32; rows * out_width];
        let (mut q, mut k, mut v) = (vec![0f32; t * d], vec![0f32; t * d], vec![0f32; t * d]);
        let (mut kt, mut p) = (vec![0f32; t * d], vec![0f32; t]);
        let group = self.heads / self.kv_heads;
        let sequences = x.chunks_exact(t * width).zip(out.chunks_exact_mut(t * out_width));
        for ((x, out), starts) in sequences.zip(self.starts.chunks_exact(t)) {
            for head in 0..self.heads {
                if head % group == 0 {
                    self.gather(x, self.heads + head / group, true, &mut k);
                    self.gather(x, self.heads + self.kv_heads + head / group, false, &mut v);
                    transpose(&k, d, &mut kt);
                }
                self.gather(x, head, true, &mut q);
                for i in 0..t {
                    let start = starts[i];
                    let p = &mut p[start..=i];
                    self.probabilities(&q[i * d..(i + 1) * d], &kt, start, p);
                    let out = &mut out[i * out_width + head * d..][..d];
                    for (p, v) in p.iter().zip(v[start * d..].chunks_exact(d)) {
                        add_scaled(out, v, *p);
                    }
                }
            }
        }
        Ok((CpuStorage::F32(out), Shape::from((rows, out_width))))
    }

    fn bwd(&self, x: &Tensor, _: &Tensor, grad: &Tensor) -> Result<Option<Tensor>> {
        let (xs, dy) = (values(x)?, values(grad)?);
        let (_, width) = x.dims2()?;
        let (t, d) = (self.sequence, self.head_dim);
        let out_width = self.heads * d;
        let scale = 1.0 / (d as f32).sqrt();
        let group = self.heads / self.kv_heads;
        let mut dx = vec![0f32; xs.len()];
        let block = || vec![0f32; t * d];
        let (mut q, mut k, mut v, mut kt, mut vt) = (block(), block(), block(), block(), block());
        let (mut dq, mut dk, mut dv) = (block(), block(), block());
        let (mut p, mut dp) = (vec![0f32; t], vec![0f32; t]);
        for (((x, dy), dx), starts) in xs
            .chunks_exact(t * width)
            .zip(dy.chunks_exact(t * out_width))
            .zip(dx.chunks_exact_mut(t * width))
            .zip(self.starts.chunks_exact(t))
        {
            for head in 0..self.heads {
                let (key_head, value_head) = (self.heads + head / group, self.heads + self.kv_heads + head / group);
                if head % group == 0 {
                    self.gather(x, key_head, true, &mut k);
                    self.gather(x, value_head, false, &mut v);
                    transpose(&k, d, &mut kt);
                    transpose(&v, d, &mut vt);
                    dk.fill(0.0);
                    dv.fill(0.0);
                }
                self.gather(x, head, true, &mut q);
                dq.fill(0.0);
                for i in 0..t {
                    let query = &q[i * d..(i + 1) * d];
                    let start = starts[i];
                    let (p, dp) = (&mut p[start..=i], &mut dp[start..=i]);
                    self.probabilities(query, &kt, start, p);
                    let dout = &dy[i * out_width + head * d..][..d];
                    dp.fill(0.0);
                    accumulate_columns(dout, &vt[start..], t, dp);
                    let dot: f32 = p.iter().zip(dp.iter()).map(|(p, dp)| p * dp).sum();
                    for (p, dp) in p.iter().zip(dp.iter_mut()) {
                        *dp = p * (*dp - dot) * scale;
                    }
                    let dquery = &mut dq[i * d..(i + 1) * d];
                    for (j, (p, dp)) in (start..).zip(p.iter().zip(dp.iter())) {
                        add_scaled(dquery, &k[j * d..(j + 1) * d], *dp);
                        add_scaled(&mut dk[j * d..(j + 1) * d], query, *dp);
                        add_scaled(&mut dv[j * d..(j + 1) * d], dout, *p);
                    }
                }
                for i in 0..t {
                    let row = &mut dq[i * d..(i + 1) * d];
                    self.rotate(row, i, -1.0);
                    dx[i * width + head * d..][..d].copy_from_slice(row);
                }
                if head % group == group - 1 {
                    for i in 0..t {
                        let row = &mut dk[i * d..(i + 1) * d];
                        self.rotate(row, i, -1.0);
                        dx[i * width + key_head * d..][..d].copy_from_slice(row);
                        dx[i * width + value_head * d..][..d].copy_from_slice(&dv[i * d..(i + 1) * d]);
                    }
                }
            }
        }
        Ok(Some(Tensor::from_vec(dx, x.shape(), x.device())?))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ops::gradient::{check, numbers};
    use candle_core::Device;

    fn attention(starts: Vec<usize>) -> Attention {
        Attention {
            sequence: 5,
            heads: 4,
            kv_heads: 2,
            head_dim: 4,
            starts: Arc::new(starts),
            rotation: Arc::new(rotation(5, 4, 100.0)),
        }
    }

    #[test]
    fn attention_has_the_gradient_of_finite_differences() -> Result<()> {
        check(numbers(160, 11), &[5, 32], |x| x.apply_op1(attention(vec![0, 0, 0, 3, 3])))
    }

    #[test]
    fn a_document_is_blind_for_the_one_before() -> Result<()> {
        let tokens = [7, 0, 5, 0, 4];
        let starts = document_starts(&tokens, 5, 0);
        assert_eq!(starts, [0, 1, 1, 3, 3]);
        let mut x = numbers(160, 13);
        let run = |x: &[f32], starts| -> Result<Vec<f32>> {
            values(&Tensor::from_slice(x, (5, 32), &Device::Cpu)?.apply_op1(attention(starts))?)
        };
        let before = run(&x, starts.clone())?;
        x[..32].fill(0.5);
        let after = run(&x, starts)?;
        assert_ne!(before[..16], after[..16]);
        assert_eq!(before[16..], after[16..]);
        Ok(())
    }
}
