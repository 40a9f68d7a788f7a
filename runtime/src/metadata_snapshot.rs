//! What wallets and applications rely on, as text: pallets, calls, storage, events, errors, constants, extensions and
//! runtime APIs with their indices and types, held to the committed `metadata.txt`. A difference is a change of the
//! interface.

use crate::{Runtime, VERSION};
use codec::Decode;
use frame_metadata::{v15::RuntimeMetadataV15, RuntimeMetadata, RuntimeMetadataPrefixed};
use scale_info::{form::PortableForm, PortableRegistry, TypeDef};
use std::fmt::Write;

/// The metadata of the runtime.
pub(crate) fn metadata() -> RuntimeMetadataV15 {
    // Some constants follow the chain's timing; without state it is production's.
    let bytes = sp_io::TestExternalities::default().execute_with(|| Runtime::metadata_at_version(15));
    let bytes = bytes.expect("version 15 is served").to_vec();
    match RuntimeMetadataPrefixed::decode(&mut &bytes[..]).expect("metadata decodes").1 {
        RuntimeMetadata::V15(metadata) => metadata,
        other => panic!("version 15 was asked for, got {}", other.version()),
    }
}

/// A type's name, short: the last part of its path with its parameters, or its structure.
fn name(types: &PortableRegistry, id: u32) -> String {
    let ty = types.resolve(id).expect("a type that is named is listed");
    let list = |ids: Vec<u32>| ids.into_iter().map(|id| name(types, id)).collect::<Vec<_>>().join(", ");
    if let Some(last) = ty.path.segments.last() {
        let parameters: Vec<u32> = ty.type_params.iter().filter_map(|parameter| parameter.ty).map(|ty| ty.id).collect();
        return match parameters.is_empty() || last == "RuntimeCall" || last == "RuntimeEvent" {
            true => last.clone(),
            false => format!("{last}<{}>", list(parameters)),
        };
    }
    match &ty.type_def {
        TypeDef::Sequence(sequence) => format!("Vec<{}>", name(types, sequence.type_param.id)),
        TypeDef::Array(array) => format!("[{}; {}]", name(types, array.type_param.id), array.len),
        TypeDef::Tuple(tuple) => format!("({})", list(tuple.fields.iter().map(|field| field.id).collect())),
        TypeDef::Compact(compact) => format!("Compact<{}>", name(types, compact.type_param.id)),
        TypeDef::Primitive(primitive) => format!("{primitive:?}").to_lowercase(),
        other => format!("{other:?}"),
    }
}

fn fields(types: &PortableRegistry, fields: &[scale_info::Field<PortableForm>]) -> String {
    let field = |field: &scale_info::Field<PortableForm>| match &field.name {
        Some(label) => format!("{label}: {}", name(types, field.ty.id)),
        None => name(types, field.ty.id),
    };
    fields.iter().map(field).collect::<Vec<_>>().join(", ")
}

fn variants(out: &mut String, types: &PortableRegistry, what: &str, id: Option<u32>) {
    let Some(ty) = id.and_then(|id| types.resolve(id)) else { return };
    let TypeDef::Variant(variant) = &ty.type_def else { return };
    for variant in &variant.variants {
        writeln!(out, "  {what} {} {}({})", variant.index, variant.name, fields(types, &variant.fields)).unwrap();
    }
}

/// Types of ours that calls, events and storage are made of, with their variants and fields.
fn our_types(out: &mut String, types: &PortableRegistry) {
    let mut lines: Vec<String> = Vec::new();
    for entry in &types.types {
        let path = &entry.ty.path.segments;
        if path.first().map(String::as_str) != Some("strike_primitives") {
            continue;
        }
        let shape = match &entry.ty.type_def {
            TypeDef::Composite(composite) => format!("{{ {} }}", fields(types, &composite.fields)),
            TypeDef::Variant(variant) => {
                let one = |variant: &scale_info::Variant<PortableForm>| {
                    format!("{} {}({})", variant.index, variant.name, fields(types, &variant.fields))
                };
                variant.variants.iter().map(one).collect::<Vec<_>>().join(" | ")
            }
            _ => continue,
        };
        lines.push(format!("type {} = {shape}", path.join("::")));
    }
    lines.sort();
    lines.dedup();
    lines.iter().for_each(|line| writeln!(out, "{line}").unwrap());
}

fn render(metadata: &RuntimeMetadataV15) -> String {
    let types = &metadata.types;
    let mut out = String::new();
    writeln!(out, "{} transaction version {}", VERSION.spec_name, VERSION.transaction_version).unwrap();
    for extension in &metadata.extrinsic.signed_extensions {
        writeln!(out, "extension {}: {}", extension.identifier, name(types, extension.ty.id)).unwrap();
    }
    for pallet in &metadata.pallets {
        writeln!(out, "\npallet {} {}", pallet.index, pallet.name).unwrap();
        variants(&mut out, types, "call", pallet.calls.as_ref().map(|calls| calls.ty.id));
        variants(&mut out, types, "event", pallet.event.as_ref().map(|event| event.ty.id));
        variants(&mut out, types, "error", pallet.error.as_ref().map(|error| error.ty.id));
        for entry in pallet.storage.iter().flat_map(|storage| &storage.entries) {
            use frame_metadata::v14::StorageEntryType::{Map, Plain};
            let shape = match &entry.ty {
                Plain(value) => name(types, value.id),
                Map { hashers, key, value } => {
                    format!("{hashers:?} {} -> {}", name(types, key.id), name(types, value.id))
                }
            };
            writeln!(out, "  storage {}: {shape}", entry.name).unwrap();
        }
        for constant in &pallet.constants {
            writeln!(out, "  constant {}: {}", constant.name, name(types, constant.ty.id)).unwrap();
        }
    }
    writeln!(out).unwrap();
    for api in &metadata.apis {
        for method in &api.methods {
            let inputs: Vec<String> =
                method.inputs.iter().map(|input| format!("{}: {}", input.name, name(types, input.ty.id))).collect();
            let output = name(types, method.output.id);
            writeln!(out, "api {}::{}({}) -> {output}", api.name, method.name, inputs.join(", ")).unwrap();
        }
    }
    writeln!(out).unwrap();
    our_types(&mut out, types);
    out
}

#[test]
fn the_interface_is_the_committed_one() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/metadata.txt");
    let rendered = render(&metadata());
    // `STRIKE_WRITE_METADATA=1` writes it anew after a deliberate change of the interface.
    if std::env::var_os("STRIKE_WRITE_METADATA").is_some() {
        std::fs::write(path, &rendered).unwrap();
    }
    let committed = std::fs::read_to_string(path).unwrap_or_default();
    for (line, (now, then)) in rendered.lines().zip(committed.lines()).enumerate() {
        assert_eq!(now, then, "metadata.txt, line {}", line + 1);
    }
    assert_eq!(rendered.lines().count(), committed.lines().count(), "the interface grew or shrank at its end");
}
