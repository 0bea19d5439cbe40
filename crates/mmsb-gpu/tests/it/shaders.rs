//! Sources of kernels: naga takes each, and lays structures out as the host does.

use std::{collections::BTreeSet, mem::offset_of};

use mmsb_gpu::{Kernel, Tile, WordOp};
use wgpu::naga::{
    Module, TypeInner,
    front::wgsl,
    valid::{Capabilities, ValidationFlags, Validator},
};

fn modules() -> impl Iterator<Item = (&'static str, Module)> {
    let sources: BTreeSet<_> =
        Kernel::ALL.iter().map(|kernel| (kernel.source_name(), kernel.source())).collect();
    sources.into_iter().map(|(name, source)| {
        let module = wgsl::parse_str(source);
        (name, module.unwrap_or_else(|error| panic!("{name}: {}", error.emit_to_string(source))))
    })
}

/// A structure's members and where they begin, if the module has it; and its length.
fn layout(module: &Module, structure: &str) -> Option<(Vec<(String, u32)>, u32)> {
    let found = module.types.iter().find(|(_, ty)| ty.name.as_deref() == Some(structure))?;
    let TypeInner::Struct { members, span } = &found.1.inner else { panic!("{structure} is no structure") };
    let members = members.iter().map(|member| (member.name.clone().unwrap(), member.offset));
    Some((members.collect(), *span))
}

#[track_caller]
fn check(structure: &str, expect: &[(&str, usize)], bytes: usize) {
    let mut seen = 0;
    for (name, module) in modules() {
        let Some((members, span)) = layout(&module, structure) else { continue };
        let members: Vec<_> =
            members.iter().map(|(name, offset)| (name.as_str(), *offset as usize)).collect();
        assert_eq!((members.as_slice(), span as usize), (expect, bytes), "{name}");
        seen += 1;
    }
    assert!(seen > 0, "no source has a {structure}");
}

#[test]
fn naga_takes_every_source() {
    for (name, module) in modules() {
        let mut validator = Validator::new(ValidationFlags::all(), Capabilities::IMMEDIATES);
        validator.validate(&module).unwrap_or_else(|error| panic!("{name}: {error:?}"));
        assert!(module.entry_points.iter().all(|entry| entry.workgroup_size == [256, 1, 1]), "{name}");
    }
}

#[test]
fn a_message_names_the_line_of_the_kernels_file() {
    let source = Kernel::PageZero.source();
    let (line, _) = source.lines().enumerate().find(|(_, text)| text.contains("i < tile.count")).unwrap();
    let message = wgsl::parse_str(&source.replace("i < tile.count", "i < tile.cuont")).unwrap_err();
    let file = include_str!("../../shaders/page_zero.wgsl");
    assert_eq!(file.lines().nth(line), source.lines().nth(line));
    assert_eq!(message.location(source).unwrap().line_number as usize, line + 1);
}

#[test]
fn every_kernel_names_an_entry_and_a_constant_that_its_source_has() {
    for kernel in Kernel::ALL {
        let (_, module) = modules().find(|(name, _)| *name == kernel.source_name()).unwrap();
        assert!(module.entry_points.iter().any(|entry| entry.name == kernel.entry()), "{kernel:?}");
        let names: Vec<_> = module.overrides.iter().filter_map(|(_, it)| it.name.as_deref()).collect();
        assert_eq!(names, Vec::from_iter(kernel.constant().map(|constant| constant.0)), "{kernel:?}");
    }
}

#[test]
fn a_tile_is_laid_out_as_the_host_has_it() {
    let members = [
        ("target_quad", offset_of!(Tile, target)),
        ("source", offset_of!(Tile, source)),
        ("count", offset_of!(Tile, count)),
        ("offset", offset_of!(Tile, offset)),
        ("result", offset_of!(Tile, result)),
        ("mask", offset_of!(Tile, mask)),
        ("inputs", offset_of!(Tile, inputs)),
        ("pad", offset_of!(Tile, pad)),
    ];
    check("Tile", &members, size_of::<Tile>());
}

#[test]
fn a_word_op_is_laid_out_as_the_host_has_it() {
    let members = [("place", offset_of!(WordOp, place)), ("value", offset_of!(WordOp, value))];
    check("WordOp", &members, size_of::<WordOp>());
}

#[test]
fn parameters_are_four_words() {
    check("Params", &[("first", 0), ("count", 4), ("pad", 8), ("more", 12)], 16);
}
