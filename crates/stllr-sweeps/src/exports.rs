//! What JavaScript calls. A test is named by its number; names and messages are left in [`TEXT`].

use crate::{limits, runs};
use std::sync::{Mutex, PoisonError};
use stllr_core::kernel::{self, sweep};

/// The last name or message.
static TEXT: Mutex<String> = Mutex::new(String::new());

fn tell(text: &str) {
    let mut held = TEXT.lock().unwrap_or_else(PoisonError::into_inner);
    held.clear();
    held.push_str(text);
}

/// 1 and a message for an error, else 0.
fn verdict(result: Result<(), String>) -> u32 {
    result.map_or_else(
        |message| {
            tell(&message);
            1
        },
        |()| 0,
    )
}

/// Where the last name or message lies, UTF-8; valid until the next call that gives one.
#[unsafe(no_mangle)]
pub extern "C" fn text_pointer() -> *const u8 {
    TEXT.lock().unwrap_or_else(PoisonError::into_inner).as_ptr()
}

/// The length of the last name or message in bytes.
#[unsafe(no_mangle)]
pub extern "C" fn text_length() -> usize {
    TEXT.lock().unwrap_or_else(PoisonError::into_inner).len()
}

/// Tells the name of the kernels that this build uses.
#[unsafe(no_mangle)]
pub extern "C" fn kernel_name() {
    tell(kernel::NAME);
}

/// How many kernel sweeps there are: each kernel once for each pair of tables.
#[unsafe(no_mangle)]
pub extern "C" fn sweep_count() -> usize {
    sweep::pairs().len() * sweep::CHECKS.len()
}

/// Tells what sweep `i` compares.
#[unsafe(no_mangle)]
pub extern "C" fn sweep_name(i: usize) {
    let (subject, truth) = sweep::pairs()[i / sweep::CHECKS.len()];
    tell(&format!("{} as {}: {}", subject.name, truth.name, sweep::CHECKS[i % sweep::CHECKS.len()].name));
}

/// Runs sweep `i`: 0 where all cases agree, else 1 and the first that does not is told.
#[unsafe(no_mangle)]
pub extern "C" fn sweep_run(i: usize) -> u32 {
    let (subject, truth) = sweep::pairs()[i / sweep::CHECKS.len()];
    verdict((sweep::CHECKS[i % sweep::CHECKS.len()].run)(subject, truth))
}

/// How many calls there are that must trap.
#[unsafe(no_mangle)]
pub extern "C" fn misuse_count() -> usize {
    sweep::MISUSES.len()
}

/// Tells what call `i` does wrong.
#[unsafe(no_mangle)]
pub extern "C" fn misuse_name(i: usize) {
    tell(sweep::MISUSES[i].name);
}

/// Makes call `i` with the fastest kernels of the build. It must not return.
#[unsafe(no_mangle)]
pub extern "C" fn misuse_run(i: usize) {
    (sweep::MISUSES[i].run)(sweep::SIMD.as_ref().unwrap_or(&sweep::SCALAR));
}

/// How many training runs there are.
#[unsafe(no_mangle)]
pub extern "C" fn training_count() -> usize {
    runs::RUNS
}

/// Tells the name of training run `i`.
#[unsafe(no_mangle)]
pub extern "C" fn training_name(i: usize) {
    tell(&runs::name(i));
}

/// Trains, and returns the hash of all that came out.
#[unsafe(no_mangle)]
pub extern "C" fn training_hash(i: usize) -> u64 {
    runs::hash(i)
}

/// 0 where every network that is too large is refused; else 1 and the one that is not is told.
#[unsafe(no_mangle)]
pub extern "C" fn too_large_is_refused() -> u32 {
    verdict(limits::too_large_is_refused())
}
