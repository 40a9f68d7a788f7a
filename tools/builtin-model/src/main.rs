//! `train-builtin`: writes the corpus of the built-in model, trains its tokenizer and the model.

mod attention;
mod corpus;
mod data;
mod model;
mod ops;
mod train;

use std::error::Error;
use std::path::PathBuf;

use clap::{Parser, Subcommand};
use model::{Config, Model};
use tokenizers::Tokenizer;
use train::Schedule;

/// Trains the built-in model of Strike from nothing but a seed.
#[derive(Parser)]
#[command(version)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Print documents of the corpus.
    Corpus {
        /// Seed of the corpus.
        #[arg(long, default_value_t = 1)]
        seed: u64,
        /// How many documents.
        #[arg(long, default_value_t = 20)]
        count: u64,
    },
    /// Train tokenizer and model; the best parameters so far are always in the output folder.
    Train {
        /// Where config.json, tokenizer.json and model.safetensors go.
        #[arg(long)]
        out: PathBuf,
        /// Seed of corpus, parameters and batches.
        #[arg(long, default_value_t = 1)]
        seed: u64,
        /// Go on from the model and the tokenizer of this folder instead of fresh ones.
        #[arg(long)]
        from: Option<PathBuf>,
        /// The first document of the corpus to train on.
        #[arg(long, default_value_t = 0)]
        first_document: u64,
        /// Optimizer steps.
        #[arg(long, default_value_t = 6000)]
        steps: u64,
        /// Sequences a step.
        #[arg(long, default_value_t = 2)]
        batch: usize,
        /// Tokens a sequence; also the context length of the model.
        #[arg(long, default_value_t = 512)]
        sequence: usize,
        /// Highest learning rate.
        #[arg(long, default_value_t = 3e-3)]
        rate: f64,
        /// Width of the residual stream.
        #[arg(long, default_value_t = 128)]
        hidden: usize,
        /// Layers.
        #[arg(long, default_value_t = 4)]
        layers: usize,
        /// Width of the feed-forward part.
        #[arg(long, default_value_t = 352)]
        intermediate: usize,
        /// Steps between evaluations on held-out text.
        #[arg(long, default_value_t = 200)]
        evaluate_every: u64,
    },
}

fn main() -> Result<(), Box<dyn Error + Send + Sync>> {
    match Arguments::parse().command {
        Command::Corpus { seed, count } => {
            for index in 0..count {
                println!("{}\n", corpus::document(seed, index));
            }
        }
        Command::Train {
            out,
            seed,
            from,
            first_document,
            steps,
            batch,
            sequence,
            rate,
            hidden,
            layers,
            intermediate,
            evaluate_every,
        } => {
            let head_dim = 32;
            let config = Config {
                architectures: vec!["LlamaForCausalLM".into()],
                model_type: "llama".into(),
                hidden_size: hidden,
                intermediate_size: intermediate,
                num_hidden_layers: layers,
                num_attention_heads: hidden / head_dim,
                num_key_value_heads: 2,
                head_dim,
                vocab_size: 1024,
                max_position_embeddings: sequence,
                rms_norm_eps: 1e-5,
                rope_theta: 10_000.0,
                tie_word_embeddings: true,
                hidden_act: "silu".into(),
                bos_token_id: 0,
                eos_token_id: 1,
                torch_dtype: "float16".into(),
            };
            std::fs::create_dir_all(&out)?;
            let tokenizer = match &from {
                Some(from) => Tokenizer::from_file(from.join("tokenizer.json"))?,
                None => data::train_tokenizer(seed, 5000, config.vocab_size)?,
            };
            tokenizer.save(out.join("tokenizer.json"), false)?;
            std::fs::write(out.join("config.json"), serde_json::to_string_pretty(&config)? + "\n")?;
            let held_out = data::held_out(&tokenizer, seed, 200)?;
            let model = Model::new(&config, seed)?;
            if let Some(from) = &from {
                model.load(&from.join("model.safetensors"))?;
            }
            let mut stream = data::Stream::new(&tokenizer, seed, first_document);
            let schedule =
                Schedule { steps, batch, sequence, rate, warm_up: 100.min(steps / 10), clip: 1.0, evaluate_every };
            let best = train::train(&model, &mut stream, &held_out, &schedule, &out)?;
            eprintln!("documents: {first_document} to {}", stream.documents());
            eprintln!("best held-out loss {best:.4}, perplexity {:.3}", best.exp());
        }
    }
    Ok(())
}
