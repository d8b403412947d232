#!/bin/sh
# Packs a release archive, with completions, man pages and licence: package.sh BINARY TARGET FOLDER
set -eu
binary=$1 target=$2 to=$3

name=ocean-opsgenie
content=$(mktemp -d)
trap 'rm -rf "$content"' EXIT
mkdir -p "$content/completions" "$to"
cp "$binary" README.md LICENSE CHANGELOG.md "$content"
for shell in bash zsh fish powershell elvish; do
    "$binary" completions "$shell" > "$content/completions/$name.$shell"
done
"$binary" man --out "$content/man"
to=$(cd "$to" && pwd)
cd "$content"
case $target in
    *windows*) 7z a -bso0 "$to/$name-$target.zip" . ;;
    *) tar -czf "$to/$name-$target.tar.gz" ./* ;;
esac
