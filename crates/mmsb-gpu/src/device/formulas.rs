//! Formulas: what is refused, by line and reason, and what of it goes to the driver.

use std::{
    error::Error,
    sync::atomic::{AtomicU32, Ordering},
};

use wgpu::naga::{
    Function, Module, ScalarKind, Span, TypeInner,
    front::wgsl,
    valid::{Capabilities, FunctionInfo, ModuleInfo, ValidationFlags, Validator},
};

use super::Device;
use crate::{Formula, GpuError, Kernel};

/// Engines by number, so that a formula is not taken for another engine's.
static NEXT_ENGINE: AtomicU32 = AtomicU32::new(0);
/// Names that begin so are the library's.
const OWN: &str = "mmsb_";

/// The formulas of an engine.
pub(super) struct Formulas {
    engine: u32,
    pipelines: Vec<wgpu::ComputePipeline>,
}

impl Default for Formulas {
    fn default() -> Self {
        Self { engine: NEXT_ENGINE.fetch_add(1, Ordering::Relaxed), pipelines: Vec::new() }
    }
}

impl Formulas {
    /// Returns the formula that the next one will be.
    const fn next(&self) -> Formula {
        Formula { engine: self.engine, index: self.pipelines.len() as u32 }
    }

    /// Returns a formula's pipeline, if it was compiled here.
    pub fn get(&self, formula: Formula) -> Option<&wgpu::ComputePipeline> {
        self.pipelines.get(formula.index as usize).filter(|_| formula.engine == self.engine)
    }
}

impl Device {
    pub(super) fn compile_formula(&mut self, source: &str) -> Result<Formula, GpuError> {
        let formula = self.formulas.next();
        let kernel = Kernel::Formula(formula);
        let whole = checked(source, kernel.source())?;
        let (device, pipelines) = (&self.device, &self.pipelines);
        let compiled =
            self.faults.scope(device, "compiling a formula", || pipelines.compile(device, kernel, whole))?;
        self.formulas.pipelines.push(compiled);
        Ok(formula)
    }
}

/// Returns a formula with what stands behind it, so that lines keep their numbers; or why it is none.
fn checked(source: &str, behind: &str) -> Result<String, GpuError> {
    let own_lines = source.lines().count() as u32;
    // Who leaves `compute` out is told of the line that calls it, which is not theirs.
    let refused = |line: Option<u32>, message: String| {
        Err(GpuError::Formula { line: line.filter(|line| *line <= own_lines), message })
    };
    if let Some(at) = source.find(OWN) {
        let line = source[..at].matches('\n').count() as u32 + 1;
        return refused(Some(line), format!("names that begin with `{OWN}` are the library's"));
    }
    let whole = format!("{source}\n{behind}");
    let line = |span: Span| span.is_defined().then(|| span.location(&whole).line_number);
    let module = match wgsl::parse_str(&whole) {
        Ok(module) => module,
        Err(error) => {
            let line = error.location(&whole).map(|place| place.line_number);
            return refused(line, error.message().to_owned());
        }
    };
    if let Some((span, what)) = more_than_functions(&module) {
        return refused(line(span), format!("a formula declares no {what}"));
    }
    let mut validator = Validator::new(ValidationFlags::all(), Capabilities::IMMEDIATES);
    let info = match validator.validate(&module) {
        Ok(info) => info,
        Err(error) => {
            // The first place is the whole function, the last one the expression at fault.
            let line = error.spans().last().and_then(|(span, _)| line(*span));
            return refused(line, told(error.as_inner()));
        }
    };
    match float(&module, &info) {
        Some(span) => refused(line(span), "a float occurs; floats do not replay".to_owned()),
        None => Ok(whole),
    }
}

/// Returns what a module has beyond functions and what stands behind every formula.
fn more_than_functions(module: &Module) -> Option<(Span, &'static str)> {
    let mut variables = module.global_variables.iter();
    let foreign = variables
        .find(|(_, variable)| !variable.name.as_deref().is_some_and(|name| name.starts_with(OWN)))
        .map(|(handle, _)| (module.global_variables.get_span(handle), "variable outside of functions"));
    let constant = module.overrides.iter().next();
    let constant = constant.map(|(handle, _)| (module.overrides.get_span(handle), "override"));
    let entry = (module.entry_points.len() > 1).then_some((Span::UNDEFINED, "entry point"));
    foreign.or(constant).or(entry)
}

/// Returns where a float occurs first.
fn float(module: &Module, info: &ModuleInfo) -> Option<Span> {
    let functions = module.functions.iter().map(|(handle, function)| (function, &info[handle]));
    functions.filter_map(|(function, info)| float_of(module, function, info)).next()
}

fn float_of(module: &Module, function: &Function, info: &FunctionInfo) -> Option<Span> {
    let mut expressions = function.expressions.iter().map(|(handle, _)| handle);
    let found = expressions.find(|handle| {
        let ty = info[*handle].ty.inner_with(&module.types);
        ty.scalar_kind() == Some(ScalarKind::Float) || matches!(ty, TypeInner::Matrix { .. })
    });
    found.map(|handle| function.expressions.get_span(handle))
}

/// Returns an error's words and those of its causes.
fn told(error: &dyn Error) -> String {
    let (mut told, mut cause) = (error.to_string(), error.source());
    while let Some(error) = cause {
        told = format!("{told}: {error}");
        cause = error.source();
    }
    told
}
