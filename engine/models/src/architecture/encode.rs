//! The bytes of an architecture in the model root: `FORMATS.md`, "Architecture".

use crate::architecture::{Activation, Architecture, Decoder, Encoder, Pooling, Rotary};

/// Every field in the order of its declaration, so that another value is another byte string.
pub(crate) fn encode(architecture: &Architecture) -> Vec<u8> {
    let mut bytes = Bytes(Vec::new());
    match architecture {
        Architecture::Decoder(decoder) => {
            bytes.byte(0);
            bytes.decoder(decoder);
        }
        Architecture::Encoder(encoder) => {
            bytes.byte(1);
            bytes.encoder(encoder);
        }
    }
    bytes.0
}

struct Bytes(Vec<u8>);

impl Bytes {
    fn byte(&mut self, value: u8) {
        self.0.push(value);
    }

    fn truth(&mut self, value: bool) {
        self.byte(u8::from(value));
    }

    fn size(&mut self, value: usize) {
        self.0.extend((value as u64).to_le_bytes());
    }

    fn float(&mut self, value: f32) {
        self.0.extend(value.to_bits().to_le_bytes());
    }

    fn option<T>(&mut self, value: Option<T>, write: impl FnOnce(&mut Self, T)) {
        match value {
            None => self.byte(0),
            Some(value) => {
                self.byte(1);
                write(self, value);
            }
        }
    }

    fn list<T>(&mut self, items: &[T], write: impl Fn(&mut Self, &T)) {
        self.size(items.len());
        for item in items {
            write(self, item);
        }
    }

    fn activation(&mut self, activation: Activation) {
        self.byte(match activation {
            Activation::Silu => 0,
            Activation::GeluErf => 1,
            Activation::GeluTanh => 2,
        });
    }

    fn rotary(&mut self, rotary: &Rotary) {
        let Rotary { inv_freq, long, attention_factor } = rotary;
        self.list(inv_freq, |bytes, angle| bytes.float(*angle));
        self.option(long.as_ref(), |bytes, long| {
            bytes.list(&long.inv_freq, |bytes, angle| bytes.float(*angle));
            bytes.size(long.original_context);
        });
        self.float(*attention_factor);
    }

    fn decoder(&mut self, decoder: &Decoder) {
        // Without `..`, so that a new field cannot be forgotten here.
        let Decoder {
            vocab_size,
            hidden_size,
            ffn_size,
            layers,
            heads,
            kv_heads,
            head_dim,
            context_length,
            norm_epsilon,
            activation,
            rotary,
            local_rotary,
            windows,
            attention_scale,
            attention_softcap,
            logit_softcap,
            embedding_scale,
            qkv_bias,
            attention_output_bias,
            ffn_bias,
            qk_norm,
            post_norms,
            tied_embeddings,
        } = decoder;
        for size in [vocab_size, hidden_size, ffn_size, layers, heads, kv_heads, head_dim, context_length] {
            self.size(*size);
        }
        self.float(*norm_epsilon);
        self.activation(*activation);
        self.rotary(rotary);
        self.option(local_rotary.as_ref(), Self::rotary);
        self.list(windows, |bytes, window| bytes.option(*window, Self::size));
        self.float(*attention_scale);
        for factor in [attention_softcap, logit_softcap, embedding_scale] {
            self.option(*factor, Self::float);
        }
        for truth in [qkv_bias, attention_output_bias, ffn_bias, qk_norm, post_norms, tied_embeddings] {
            self.truth(*truth);
        }
    }

    fn encoder(&mut self, encoder: &Encoder) {
        let Encoder {
            vocab_size,
            hidden_size,
            ffn_size,
            layers,
            heads,
            context_length,
            token_types,
            norm_epsilon,
            activation,
            position_offset,
            pooling,
            normalize,
        } = encoder;
        for size in [vocab_size, hidden_size, ffn_size, layers, heads, context_length, token_types] {
            self.size(*size);
        }
        self.float(*norm_epsilon);
        self.activation(*activation);
        self.size(*position_offset);
        self.byte(match pooling {
            Pooling::Cls => 0,
            Pooling::Mean => 1,
        });
        self.truth(*normalize);
    }
}
