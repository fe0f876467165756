# The common head of all scripts. A script sources it after `set -euo pipefail`. It changes to the
# root of the repository, and sets the paths of programs and builds. The script then calls the
# functions that it needs.
# shellcheck shell=bash

cd "$(dirname "${BASH_SOURCE[0]}")/../.." || exit
export PATH="${CARGO_HOME:-$HOME/.cargo}/bin:$PATH"
# spin.toml and the benchmark look for built files below target/.
export CARGO_TARGET_DIR="$PWD/target"

step() { printf '\n==> %s\n' "$*" >&2; }
fail() { printf 'Error: %s\n' "$*" >&2; exit 1; }

# Requirements of scripts

# Rust in the version that rust-toolchain.toml pins. rustup installs it when cargo first runs here.
need_rust() {
    command -v cargo >/dev/null || fail "Rust is not installed; get rustup from https://rustup.rs and run this again"
    local toolchain
    toolchain=$(cargo --version)
    step "Toolchain: $toolchain"
}

need_cc() {
    command -v cc >/dev/null || fail "there is no C compiler, which the embedded SQLite needs; on Debian and Ubuntu: apt install build-essential"
}

# The compilation target of the functions.
need_wasm() {
    [ ! -d "$(rustc --print target-libdir --target wasm32-wasip2)" ] || return 0
    command -v rustup >/dev/null || fail "this Rust has no target wasm32-wasip2, and there is no rustup to add it"
    rustup target add wasm32-wasip2
}

need_python() {
    command -v python3 >/dev/null || fail "there is no python3; on Debian and Ubuntu: apt install python3-venv"
}

# Whether Node has at least this version, for example `node_since 20 19`.
node_since() {
    node -e 'const [a, b] = process.versions.node.split("."), [c, d] = process.argv.slice(1); process.exit(a > +c || (a == c && b >= +d) ? 0 : 1)' "$1" "$2"
}

# Sets npm up so that it prints no notices, writes nothing outside target/, and runs no install
# scripts of packages.
use_npm() {
    export npm_config_cache="$PWD/target/npm" npm_config_ignore_scripts=true
    export npm_config_update_notifier=false npm_config_fund=false npm_config_audit=false
}

# Lists of crates, which are arguments of `cargo`

# With CI=true Cargo.lock must be up to date. Use it as `${locked[@]+"${locked[@]}"}`, because bash
# before 4.4 treats an empty array as one that is not set.
locked=()
if [ "${CI:-}" = true ]; then
    locked=(--locked)
fi
# The functions that spin.toml serves: all folders of components/ except the kit and the protocol,
# which they share. `composed` is the artifact of the gateway.
functions=(--package=composed)
# The crates that are built natively. These are all crates except the functions, and except the
# guest to which tests give the rights of a function (`fixture`). Four functions are built natively
# too: the gateway, which also runs natively, and `auth`, `integrations` and `webhooks`, whose pure
# logic has native tests.
native=(--workspace --exclude=fixture --exclude=composed)
list_crates() {
    local name
    for name in components/*/Cargo.toml; do
        name=${name#components/}
        name=${name%/Cargo.toml}
        case $name in kit | protocol) ;; *) functions+=("--package=$name") ;; esac
        case $name in auth | gateway | integrations | kit | protocol | webhooks) ;; *) native+=("--exclude=$name") ;; esac
    done
}
list_crates
# The crates for building and testing. If a build chose other crates, then Cargo would build the
# dependencies again with other features.
tested=("${native[@]}" --exclude=bench)

# Builds; the functions pass their arguments to cargo

# During development, functions are built so that they compile fast: after a change of one, it is
# built in seconds. Releases and measurements use the profile `guest` exactly as Cargo.toml has it.
# CI does so too, because it must test what is released.
if [ "${CI:-}" != true ]; then
    export CARGO_PROFILE_GUEST_LTO=off CARGO_PROFILE_GUEST_OPT_LEVEL=1 CARGO_PROFILE_GUEST_CODEGEN_UNITS=8
    export CARGO_PROFILE_GUEST_INCREMENTAL=true
fi
as_released() {
    unset CARGO_PROFILE_GUEST_LTO CARGO_PROFILE_GUEST_OPT_LEVEL CARGO_PROFILE_GUEST_CODEGEN_UNITS CARGO_PROFILE_GUEST_INCREMENTAL
}

build_wasm() {
    cargo build ${locked[@]+"${locked[@]}"} --target wasm32-wasip2 --profile guest "$@"
}

# Builds the functions into the files that spin.toml names.
build_functions() {
    step "Building the functions"
    build_wasm "${functions[@]}" "$@"
}

# Builds functions with faults, for tests of guarantees that must hold in spite of these faults.
build_faulty() {
    step "Building functions with faults"
    build_wasm --target-dir target/fault-injection -p projects -p tenants -p events --features kit/fault-injection "$@"
}

# Builds only the runner. It also builds one test, so that cargo gives the dependencies the features
# that all tests together need. Then `build_tests` builds none of the dependencies again.
build_runner() {
    step "Building the runner"
    cargo build ${locked[@]+"${locked[@]}"} "${tested[@]}" --bin tenantry --test tables "$@"
}

# Builds `openapi` with the same features as the tests, and runs it.
openapi() {
    cargo build --quiet ${locked[@]+"${locked[@]}"} "${tested[@]}" --bin openapi && target/debug/openapi "$@"
}

# Builds the runner and the tests with the same features, so that nothing is built twice.
build_tests() {
    step "Building the runner and the tests"
    cargo build ${locked[@]+"${locked[@]}"} "${tested[@]}" --tests --bins "$@"
}
