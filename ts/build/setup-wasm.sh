#!/usr/bin/env bash
# Makes this machine able to compile Rust to WebAssembly, and prints `ROUTE PATH` on stdout: how wasm32 was come by, and
# the folders to put before $PATH. Does only what is missing; the second run takes under a second.
#
# WASM_ROUTE says where a rustc with wasm32-unknown-unknown comes from:
#   rustup   the rustc on PATH if it has the target, else `rustup target add`
#   debian   Debian's packages: a current rustc (rustc-web), to which std for wasm32 is built from Debian's own sources
#   auto     whichever of these is there already, else rustup, else debian (the default)
# WASM_CLIPPY=1 also installs the clippy of Debian's rustc, where that is the route. CI does; nothing else needs it.
#
# What it leaves in $WASM_TOOLS (default ~/.cache/stllr-wasm-tools; safe to delete, it is made again):
#   bin/         wasm-bindgen and wasm-pack, at the versions below
#   toolchain/   rustc, cargo and std for wasm32, where they come from Debian
#   env.sh       the same PATH, to source by hand
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
TARGET=wasm32-unknown-unknown
WASM_ROUTE=${WASM_ROUTE:-auto}
WASM_TOOLS=${WASM_TOOLS:-${XDG_CACHE_HOME:-${HOME:?is not set}/.cache}/stllr-wasm-tools}
RUSTUP_WAIT_S=60
# wasm-bindgen's tool and crate must be of one version, and Cargo.lock names the crate's.
WASM_BINDGEN_VERSION=$(awk '/^name = "wasm-bindgen"$/ { getline; gsub(/"/, "", $3); print $3 }' "$here/../../Cargo.lock")
WASM_PACK_VERSION=0.15.1

say() { printf 'stllr: %s\n' "$*" >&2; }
fail() { say "$@"; exit 1; }

# ---- a rustc that knows wasm32 ----------------------------------------------------------------------------------------

has_target() { # RUSTC
  local libs
  libs=$("$1" --print target-libdir --target "$TARGET" 2>/dev/null) && compgen -G "$libs/libcore-*.rlib" >/dev/null
}

add_by_rustup() {
  command -v rustup >/dev/null || return 1
  say "rustup target add $TARGET (at most $RUSTUP_WAIT_S s)"
  local log=$WASM_TOOLS/rustup.log limit=()
  command -v timeout >/dev/null && limit=(timeout "$RUSTUP_WAIT_S")
  RUSTUP_MAX_RETRIES=0 ${limit[@]+"${limit[@]}"} rustup target add "$TARGET" >"$log" 2>&1 && has_target rustc && return
  say "rustup could not add it: $(tail -n 1 "$log" | cut -c1-160)"
  return 1
}

toolchain=$WASM_TOOLS/toolchain

# Counted up whenever add_by_debian makes something else, so that an older toolchain is made again.
TOOLCHAIN_FORM=2

toolchain_version() { echo "$(/usr/bin/rustc --version), form $TOOLCHAIN_FORM"; }

debian_is_ready() {
  [ -x /usr/bin/rustc ] && [ "$(cat "$toolchain/version" 2>/dev/null)" = "$(toolchain_version)" ] \
    && has_target "$toolchain/bin/rustc"
}

install_packages() { # PACKAGE...
  local missing=() package log=$WASM_TOOLS/apt.log root=()
  for package in "$@"; do
    [ "$(dpkg-query -W -f '${db:Status-Abbrev}' "$package" 2>/dev/null)" = 'ii ' ] || missing+=("$package")
  done
  [ ${#missing[@]} -gt 0 ] || return 0
  if [ "$(id -u)" != 0 ]; then
    command -v sudo >/dev/null || fail "as root, run: apt-get install -y --no-install-recommends ${missing[*]}   (then run this again)"
    root=(sudo); [ -t 0 ] || root=(sudo -n)
  fi
  say "apt-get install ${missing[*]} (once, about a minute)"
  ${root[@]+"${root[@]}"} apt-get update -qq >"$log" 2>&1 || true # the install says what matters
  ${root[@]+"${root[@]}"} env DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends "${missing[@]}" >>"$log" 2>&1 \
    || { tail -n 5 "$log" >&2; fail "apt-get could not install ${missing[*]}: install them by hand, or add the target by rustup target add $TARGET"; }
}

# Debian ships no std for wasm32. It is built from Debian's sources into a sysroot of its own, beside links to the host's
# std, and a wrapper makes rustc use that sysroot: plain cargo then works, with no -Z flag.
add_by_debian() {
  debian_is_ready && return
  command -v apt-get >/dev/null \
    || fail "no rustc with $TARGET: install Rust from https://rustup.rs, run rustup target add $TARGET, then run this again"
  install_packages rustc-web cargo-web rust-web-src lld-19 gcc libc6-dev
  debian_is_ready && return
  local host build=$WASM_TOOLS/std-build fresh=$WASM_TOOLS/toolchain.new
  host=$(/usr/bin/rustc -vV | sed -n 's/^host: //p')
  say "building std for $TARGET with $(/usr/bin/rustc --version) (once, about a minute)"
  rm -rf "$fresh" "$build"
  mkdir -p "$build/src"
  printf '[package]\nname = "dummy"\nversion = "0.0.0"\nedition = "2021"\n[workspace]\n' >"$build/Cargo.toml"
  printf '#![no_std]\n' >"$build/src/lib.rs"
  # RUSTC_BOOTSTRAP lets a stable cargo take -Z. embed-bitcode lets std take part in LTO; the remapping keeps this
  # machine's folders out of panic texts. No simd128, as in rustup's std: one std serves the SIMD and the scalar build.
  (cd "$build" && env -u RUSTFLAGS -u RUSTC_WRAPPER -u CARGO_BUILD_TARGET RUSTC_BOOTSTRAP=1 RUSTC=/usr/bin/rustc \
    CARGO_ENCODED_RUSTFLAGS="-Cembed-bitcode=yes"$'\x1f'"--remap-path-prefix=$HOME=~" \
    /usr/bin/cargo build -q -Zbuild-std=std,panic_abort --release --target "$TARGET" --target-dir out >"$WASM_TOOLS/std.log" 2>&1) \
    || { tail -n 20 "$WASM_TOOLS/std.log" >&2; fail "std for $TARGET could not be built (all of it: $WASM_TOOLS/std.log)"; }
  mkdir -p "$fresh/bin" "$fresh/lib/rustlib/$TARGET/lib" "$fresh/lib/rustlib/$host/bin"
  cp "$build/out/$TARGET/release/deps/"lib*.r{lib,meta} "$fresh/lib/rustlib/$TARGET/lib/"
  rm -rf "$fresh/lib/rustlib/$TARGET/lib/libdummy-"* "$build"
  ln -s "/usr/lib/rustlib/$host/lib" "$fresh/lib/rustlib/$host/lib"
  ln -s /usr/lib/llvm-19/bin/lld "$fresh/lib/rustlib/$host/bin/rust-lld" # where rustc looks for the linker
  printf '#!/bin/sh\nexec /usr/bin/rustc --sysroot "%s" "$@"\n' "$toolchain" >"$fresh/bin/rustc"
  chmod +x "$fresh/bin/rustc"
  ln -s /usr/bin/cargo "$fresh/bin/cargo"
  ln -s /usr/bin/rustdoc "$fresh/bin/rustdoc"
  toolchain_version >"$fresh/version"
  rm -rf "$toolchain"
  mv "$fresh" "$toolchain"
}

find_rustc() { # sets $route
  case $WASM_ROUTE in
    auto | rustup)
      route=rustup
      if command -v rustc >/dev/null && has_target rustc; then return; fi
      if [ "$WASM_ROUTE" = auto ] && debian_is_ready; then route=debian; return; fi
      if add_by_rustup; then return; fi
      [ "$WASM_ROUTE" = auto ] || fail "no $TARGET by rustup (WASM_ROUTE=rustup): install Rust from https://rustup.rs, or unset WASM_ROUTE"
      ;;
    debian) ;;
    *) fail "WASM_ROUTE: \"$WASM_ROUTE\" is not allowed; allowed: auto, rustup, debian" ;;
  esac
  route=debian
  add_by_debian
}

# ---- wasm-bindgen and wasm-pack ---------------------------------------------------------------------------------------

# A tool that is on PATH at the wanted version is used, else it is compiled from the crate registry. Not --locked: a
# version that wasm-bindgen-cli's own lock file names is gone.
install_tool() { # CRATE BINARY VERSION
  local found
  found=$(PATH="$path:$PATH" "$2" --version 2>/dev/null | awk '{ print $2 }') || true
  [ "$found" != "$3" ] || return 0
  say "compiling $1 $3 (once, a few minutes)"
  # The machine's own cargo where there is one: rustup's rustc compiles faster than Debian's.
  local compile_path=$PATH
  command -v cargo >/dev/null && command -v rustc >/dev/null || compile_path=$path:$PATH
  (cd "$WASM_TOOLS" && env -u CARGO_ENCODED_RUSTFLAGS -u RUSTFLAGS -u CARGO_BUILD_TARGET PATH="$compile_path" CARGO_TARGET_DIR="$WASM_TOOLS/cargo-target" \
    CARGO_PROFILE_RELEASE_LTO=false CARGO_PROFILE_RELEASE_OPT_LEVEL=1 CARGO_PROFILE_RELEASE_CODEGEN_UNITS=16 \
    cargo install -q --root "$WASM_TOOLS" --force --version "$3" --bin "$2" "$1" >"$WASM_TOOLS/install.log" 2>&1) \
    || { tail -n 20 "$WASM_TOOLS/install.log" >&2; fail "cargo install $1 failed (all of it: $WASM_TOOLS/install.log)"; }
}

# ---- all of it --------------------------------------------------------------------------------------------------------

mkdir -p "$WASM_TOOLS/bin" || fail "cannot write to $WASM_TOOLS; set WASM_TOOLS to a folder that can be written"
WASM_TOOLS=$(cd "$WASM_TOOLS" && pwd)
toolchain=$WASM_TOOLS/toolchain
if command -v flock >/dev/null; then # two runs at once would build everything twice
  exec 9>"$WASM_TOOLS/.lock"
  flock -n 9 || { say "waiting for another set-up of the WASM toolchain"; flock 9; }
fi

find_rustc
path=$WASM_TOOLS/bin
if [ "$route" = debian ]; then
  path=$toolchain/bin:$path
  [ -z "${WASM_CLIPPY:-}" ] || install_packages rust-web-clippy
fi
command -v cc >/dev/null || fail "no C compiler (cc), which Rust links with; on Debian: apt-get install gcc libc6-dev"
install_tool wasm-bindgen-cli wasm-bindgen "$WASM_BINDGEN_VERSION"
install_tool wasm-pack wasm-pack "$WASM_PACK_VERSION"
rm -rf "$WASM_TOOLS/cargo-target"

env=$(printf '# made by setup-wasm.sh (route: %s)\nexport PATH="%s:$PATH"' "$route" "$path")
[ "$(cat "$WASM_TOOLS/env.sh" 2>/dev/null)" = "$env" ] || printf '%s\n' "$env" >"$WASM_TOOLS/env.sh"
printf '%s %s\n' "$route" "$path"
