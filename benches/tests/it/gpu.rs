//! Line `gpu` on a device with a fault in a kernel: it turns to a cross.

use benches::{Context, Outcome, Size, gpu::device_rows};
use indicatif::ProgressBar;
use mmsb_gpu::{GpuError, GpuOps, Kernel, Wanted};

/// A kernel that leaves out every tile behind the sixth: more than known answers have.
fn broken(slab_bytes: u64, budget_bytes: u64) -> Result<GpuOps, GpuError> {
    GpuOps::open_with(slab_bytes, budget_bytes, |kernel| {
        let source = kernel.source();
        if kernel != Kernel::PageZero {
            return source.to_owned();
        }
        assert!(source.contains("if index >= params.count"));
        source.replace("if index >= params.count", "if index >= min(params.count, 6u)")
    })
}

#[test]
fn a_kernel_that_does_not_do_what_its_twin_does_fails_the_line() {
    let folder = tempfile::tempdir().unwrap();
    let context = Context::new(Size::Quick, folder.path().to_owned(), ProgressBar::hidden());
    let failed = device_rows(&context, &mut Outcome::default(), broken).unwrap_err();
    if let Some(GpuError::NoAdapter { why }) = failed.downcast_ref()
        && Wanted::from_env().unwrap() != Wanted::Require
    {
        return eprintln!("no device, so nothing is tested: {why}");
    }
    assert_eq!(failed.to_string(), "page_zero: the device's pages are not the host's");
}
