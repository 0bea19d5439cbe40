//! Formulas: pages computed by a function in WGSL, and what is no formula.

use mmsb_gpu::{By, Computed, CpuOps, Derivation, GpuError, PageOps, Step};
use proptest::{prelude::*, test_runner::TestRunner};

use crate::{
    cases::bytes,
    derive::{brought, derived, id},
    device::open,
};

/// Says which line is refused, and why.
#[track_caller]
fn refused(source: &str, expect: &str) {
    let Some(mut ops) = open(1 << 20) else { return };
    assert_eq!(ops.compile(source).unwrap_err().to_string(), expect);
}

#[test]
fn what_is_no_formula_is_refused_by_line_and_reason() {
    refused(
        "const a = 1u;\nfn compute(index: u32) -> u32 {\n    return index + b;\n}",
        "formula refused at line 3: no definition in scope for identifier: `b`",
    );
    refused("fn other() {}", "formula refused: no definition in scope for identifier: `compute`");
    refused(
        "fn compute(index: u32) -> u32 {\n    return u32(f32(index) * 2.0f);\n}\n",
        "formula refused at line 2: a float occurs; floats do not replay",
    );
    refused(
        "fn compute(index: u32) -> u32 { return 0u; }\nvar<private> kept: u32;",
        "formula refused at line 2: a formula declares no variable outside of functions",
    );
    refused(
        "fn compute(index: u32) -> u32 {\n  mmsb_target[0] = 1u; return 0u;\n}",
        "formula refused at line 2: names that begin with `mmsb_` are the library's",
    );
    refused(
        "fn compute(index: u32) -> u32 { return 0u; }\n@compute @workgroup_size(1) fn own() {}",
        "formula refused: a formula declares no entry point",
    );
}

#[test]
fn what_the_driver_would_refuse_is_refused_by_line() {
    let Some(mut ops) = open(1 << 20) else { return };
    let source = "fn compute(index: u32) -> u32 {\n    var a = index;\n    return 1i;\n}";
    let Err(GpuError::Formula { line, message }) = ops.compile(source) else {
        panic!("refused as a formula")
    };
    assert_eq!(line, Some(3));
    assert!(message.contains("does not match the declared return type"), "{message}");
}

/// The sum over both neighbours, all of it modulo the length of the second input; the last byte is cut off.
const FIELD: &str = "
fn cell(index: u32) -> u32 { return input(0u, index % ((input_bytes(0u) + 3u) / 4u)); }

fn compute(index: u32) -> u32 {
    var sum = input_count() * 1000u + output_bytes();
    for (var k = 0u; k < 3u; k++) { sum += cell(index + k) * (k + 1u); }
    return sum ^ input(1u, index) ^ input(7u, index) ^ input_bytes(2u);
}
";

fn field(first: &[u8], second: &[u8], out_bytes: usize) -> Vec<u8> {
    let word = |bytes: &[u8], index: usize| {
        let at = |byte| bytes.get(index * 4 + byte).copied().unwrap_or(0);
        u32::from_le_bytes([at(0), at(1), at(2), at(3)])
    };
    let cell = |index: usize| word(first, index % first.len().div_ceil(4));
    let words = (0..out_bytes.div_ceil(4)).flat_map(|index| {
        let neighbours = (0..3).map(|k| cell(index + k).wrapping_mul(k as u32 + 1));
        let sum = neighbours.fold(2000 + out_bytes as u32, u32::wrapping_add);
        (sum ^ word(second, index)).to_le_bytes()
    });
    words.take(out_bytes).collect()
}

#[test]
fn a_formula_computes_what_the_same_function_on_bytes_does() {
    let Some(mut ops) = open(96 << 10) else { return };
    let by = By::Formula(ops.compile(FIELD).unwrap());
    let lengths = (1..20_000_usize, 1..20_000_usize, 1..20_000_usize);
    let mut ops = Some(ops);
    let mut case = |first: usize, second: usize, out: usize, seed: u64| {
        let pages = [bytes(seed, first), bytes(!seed, second), bytes(seed ^ 5, out)];
        let mut residents = brought(ops.take().unwrap(), &pages);
        let derivation = Derivation { by, inputs: &[id(1), id(2)], output: id(3) };
        let got = derived(&mut residents, derivation, &[(1, 0, 77)]);
        (1..=3).for_each(|page| assert!(residents.remove(id(page)).unwrap()));
        ops = Some(residents.into_ops());
        let overlaid: Vec<u8> = [77].into_iter().chain(pages[0][1..].iter().copied()).collect();
        prop_assert!(got == field(&overlaid, &pages[1], out), "the formula and the function differ");
        Ok(())
    };
    let case = std::cell::RefCell::new(&mut case);
    let mut runner = TestRunner::new(ProptestConfig::with_cases(60));
    runner
        .run(&(lengths, any::<u64>()), |((first, second, out), seed)| {
            case.borrow_mut()(first, second, out, seed)
        })
        .unwrap();
}

#[test]
fn inputs_of_two_slabs_and_formulas_of_another_device_are_refused() {
    let Some(mut ops) = open(4096) else { return };
    let formula = ops.compile(FIELD).unwrap();
    let pages: Vec<_> = (0..3).map(|_| ops.create(4096).unwrap()).collect();
    let scattered = Computed { output: pages[0], inputs: &pages[1..] };
    assert!(matches!(ops.run(&[Step::Compute(formula, &[scattered])]), Err(GpuError::Scattered { .. })));
    let own = Computed { output: pages[0], inputs: &pages[..1] };
    assert!(matches!(ops.run(&[Step::Compute(formula, &[own])]), Err(GpuError::Overlap { .. })));
    let mut other = open(4096).unwrap();
    // It has a formula of the same number.
    other.compile("fn compute(index: u32) -> u32 { return index; }").unwrap();
    for mut others in [Box::new(CpuOps::new(4096, 1 << 14)) as Box<dyn PageOps>, Box::new(other)] {
        let output = others.create(64).unwrap();
        let refused = others.run(&[Step::Compute(formula, &[Computed { output, inputs: &[] }])]);
        assert!(matches!(refused, Err(GpuError::Unsupported { .. })));
    }
}
