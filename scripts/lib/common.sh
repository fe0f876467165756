# The head of every script: sourced after `set -euo pipefail`, it goes to the root of the
# repository and says where programs are and builds go. Then a script calls what it needs.
# shellcheck shell=bash

cd "$(dirname "${BASH_SOURCE[0]}")/../.." || exit
export PATH="${CARGO_HOME:-$HOME/.cargo}/bin:$PATH"
# spin.toml and the benchmark look for what is built below target/.
export CARGO_TARGET_DIR="$PWD/target"

step() { printf '\n==> %s\n' "$*" >&2; }
fail() { printf 'Error: %s\n' "$*" >&2; exit 1; }

# What a script needs

# Rust as rust-toolchain.toml pins it: rustup installs it at the first use of cargo in here.
need_rust() {
    command -v cargo >/dev/null || fail "Rust is not installed; get rustup from https://rustup.rs and run this again"
    local toolchain
    toolchain=$(cargo --version)
    step "Toolchain: $toolchain"
}

need_cc() {
    command -v cc >/dev/null || fail "there is no C compiler, which the embedded SQLite needs; on Debian and Ubuntu: apt install build-essential"
}

# What functions are compiled for.
need_wasm() {
    [ ! -d "$(rustc --print target-libdir --target wasm32-wasip2)" ] || return 0
    command -v rustup >/dev/null || fail "this Rust has no target wasm32-wasip2, and there is no rustup to add it"
    rustup target add wasm32-wasip2
}

need_python() {
    command -v python3 >/dev/null || fail "there is no python3; on Debian and Ubuntu: apt install python3-venv"
}

# Whether Node is of this version or a later one: `node_since 20 19`.
node_since() {
    node -e 'const [a, b] = process.versions.node.split("."), [c, d] = process.argv.slice(1); process.exit(a > +c || (a == c && b >= +d) ? 0 : 1)' "$1" "$2"
}

# npm without a word of its own: nothing outside target/, and no code of packages but what is run.
use_npm() {
    export npm_config_cache="$PWD/target/npm" npm_config_ignore_scripts=true
    export npm_config_update_notifier=false npm_config_fund=false npm_config_audit=false
}

# Which crates; `cargo` takes these lists as they stand

# With CI=true Cargo.lock must be up to date. Written `${locked[@]+"${locked[@]}"}`, as bash before
# 4.4 takes an empty list for one that is not set.
locked=()
if [ "${CI:-}" = true ]; then
    locked=(--locked)
fi
# What spin.toml serves: every folder of components/ but the kit, which they share.
functions=()
# What builds natively: all but functions, and the guest that tests give a function's rights. The
# gateway also runs natively, and what `webhooks` decides without asking anybody is tested so.
native=(--workspace --exclude=fixture)
list_crates() {
    local name
    for name in components/*/Cargo.toml; do
        name=${name#components/}
        name=${name%/Cargo.toml}
        [ "$name" = kit ] || functions+=("--package=$name")
        case $name in gateway | kit | webhooks) ;; *) native+=("--exclude=$name") ;; esac
    done
}
list_crates
# What the tests are about. Another selection would build the dependencies anew, with other features.
tested=("${native[@]}" --exclude=bench)

# How they are built; arguments go to cargo

# While one works, functions are built to be there soon: a change of one is back in seconds. What
# Cargo.toml says of the profile `guest` holds for what is released and measured, and in CI, so that
# its tests are of what is released.
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

# Into the files that spin.toml names.
build_functions() {
    step "Building the functions"
    build_wasm "${functions[@]}" "$@"
}

# Those with faults, for the tests of what holds in spite of them.
build_faulty() {
    step "Building functions with faults"
    build_wasm --target-dir target/sabotage -p projects -p tenants -p events --features kit/sabotage "$@"
}

# The runner alone. That it comes with a test makes cargo give its dependencies the features that
# all tests together need, so that `build_tests` builds none of them again.
build_runner() {
    step "Building the runner"
    cargo build ${locked[@]+"${locked[@]}"} "${tested[@]}" --bin tenantry --test tables "$@"
}

# Runs `contract`, which is built with the features that the tests give it.
contract() {
    cargo build --quiet ${locked[@]+"${locked[@]}"} "${tested[@]}" --bin contract && target/debug/contract "$@"
}

# The runner as the tests have it, with the tests: whoever runs one of the two builds nothing twice.
build_tests() {
    step "Building the runner and the tests"
    cargo build ${locked[@]+"${locked[@]}"} "${tested[@]}" --tests --bins "$@"
}
