//! `cargo xtask gpu`: every kernel against its twin on two drivers in software that share no code.
//!
//! lavapipe is Mesa's, and installed as a package. SwiftShader comes inside Debian's `chromium-common`, which is
//! downloaded and unpacked below the target folder, not installed; it is many times slower.

use std::{
    fs,
    path::{Path, PathBuf},
};

use anyhow::{Context, Result};

use super::tools::{run_calls, target_dir};
use crate::{
    ci::gpu::Built,
    command::{command, output},
};

/// Where Mesa's packages put the driver's description, by the machine's architecture.
const LAVAPIPE: &str = "/usr/share/vulkan/icd.d/lvp_icd";
/// The package that SwiftShader is in, and where in it.
const PACKAGE: &str = "chromium-common";
const SWIFTSHADER: &str = "usr/lib/chromium/vk_swiftshader_icd.json";

/// Runs the suite on each driver that is there; says which is not. Tells whether none failed.
///
/// # Errors
/// If cargo cannot be started.
pub fn run(root: &Path) -> Result<bool> {
    let lavapipe = PathBuf::from(format!("{LAVAPIPE}.{}.json", std::env::consts::ARCH));
    let installed =
        || lavapipe.exists().then_some(lavapipe).context("apt-get install mesa-vulkan-drivers libvulkan1");
    let Some(built) = Built::new(root)? else { return Ok(false) };
    let holds = on(&built, "lavapipe", installed())?;
    Ok(on(&built, "swiftshader", swiftshader(&target_dir(root, "swiftshader")?))? && holds)
}

/// Runs the suite on one driver, if it is there.
fn on(built: &Built, name: &str, driver: Result<PathBuf>) -> Result<bool> {
    let lane = format!("gpu on {name}");
    let driver = match driver {
        Ok(driver) => driver,
        Err(why) => {
            println!("{lane}: skipped: {why:#}");
            return Ok(true);
        }
    };
    let mut call = built.call("mmsb-gpu")?;
    // The last one silences a message of Mesa's.
    call.env("VK_DRIVER_FILES", driver).env("MMSB_GPU", "require").env("NODEVICE_SELECT", "1");
    run_calls(&lane, [call])
}

/// Returns SwiftShader's description; downloads and unpacks it if it is not there yet.
fn swiftshader(folder: &Path) -> Result<PathBuf> {
    let driver = folder.join(SWIFTSHADER);
    if !driver.exists() {
        fs::create_dir_all(folder).with_context(|| format!("making {}", folder.display()))?;
        output(command(folder, "apt-get", &["download", "--quiet", PACKAGE]))?;
        let entries = fs::read_dir(folder)?.filter_map(Result::ok).map(|entry| entry.path());
        let package = entries.into_iter().find(|path| path.extension().is_some_and(|end| end == "deb"));
        let package = package.context("nothing was downloaded")?;
        output(command(folder, "dpkg", &["-x".as_ref(), package.as_os_str(), folder.as_os_str()]))?;
        fs::remove_file(package)?;
    }
    driver.exists().then_some(driver).with_context(|| format!("{PACKAGE} has no {SWIFTSHADER}"))
}
