#!/bin/sh
# Installs a released binary: finds the archive of this machine, checks its checksum, puts the program into a folder.
#
#   install.sh [--version X.Y.Z] [--to FOLDER]
#
# Without --version the latest release; without --to ~/.local/bin. OCEAN_OPSGENIE_RELEASES is where releases are.
set -eu

releases=${OCEAN_OPSGENIE_RELEASES:-https://github.com/OWNER/ocean-opsgenie/releases}
version=latest
to=${HOME:-.}/.local/bin

fail() {
    printf 'error: %s\n' "$1" >&2
    [ $# -lt 2 ] || printf '  hint: %s\n' "$2" >&2
    exit 1
}

while [ $# -gt 0 ]; do
    case $1 in
        --version) version=${2:?--version needs a version}; shift 2 ;;
        --to) to=${2:?--to needs a folder}; shift 2 ;;
        *) fail "there is no argument \`$1\`" 'install.sh [--version X.Y.Z] [--to FOLDER]' ;;
    esac
done

system=$(uname -s)
machine=$(uname -m)
case $machine in
    x86_64 | amd64) cpu=x86_64 ;;
    aarch64 | arm64) cpu=aarch64 ;;
    *) fail "there is no binary for the processor \`$machine\`" 'build it: cargo install --locked --path .' ;;
esac
program=ocean-opsgenie
case $system in
    Linux) archive=$program-$cpu-unknown-linux-musl.tar.gz ;;
    Darwin) archive=$program-$cpu-apple-darwin.tar.gz ;;
    MINGW* | MSYS* | CYGWIN*) archive=$program-$cpu-pc-windows-msvc.zip program=$program.exe ;;
    *) fail "there is no binary for \`$system\`" 'build it: cargo install --locked --path .' ;;
esac

if [ "$version" = latest ]; then
    from=$releases/latest/download
else
    from=$releases/download/v${version#v}
fi

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT

fetch() {
    curl --proto '=https,file' --tlsv1.2 --fail --silent --show-error --location --retry 3 \
        --output "$folder/$1" "$from/$1" || fail "cannot download $from/$1" 'is there such a release?'
}

sum() {
    if command -v sha256sum >/dev/null; then sha256sum "$1"; else shasum -a 256 "$1"; fi | cut -d ' ' -f 1
}

fetch "$archive"
fetch SHA256SUMS
expected=$(awk -v name="$archive" '$2 == name || $2 == "*" name { print $1 }' "$folder/SHA256SUMS")
[ -n "$expected" ] || fail "SHA256SUMS of the release does not name $archive"
actual=$(sum "$folder/$archive")
[ "$actual" = "$expected" ] || fail "$archive is not what was released: its SHA-256 is $actual, not $expected" \
    'download it again; if it stays so, do not run it'

case $archive in
    *.zip) unzip -q "$folder/$archive" -d "$folder" ;;
    *) tar -xzf "$folder/$archive" -C "$folder" ;;
esac
mkdir -p "$to"
cp "$folder/$program" "$to/$program.new"
chmod 755 "$to/$program.new"
mv "$to/$program.new" "$to/$program"
printf 'installed %s\n' "$to/$program" >&2
