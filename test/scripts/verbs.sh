#!/bin/sh
# A verb that is a program: found beside the script in a source tree and where it is installed.

. test/scripts/common

mkdir -p "$temporary/tree/scripts" "$temporary/tree/build/tools"
mkdir -p "$temporary/installed/bin" "$temporary/installed/libexec/halloc"
cp scripts/halloc "$temporary/tree/scripts/"
cp scripts/halloc "$temporary/installed/bin/"

for tree in tree/scripts installed/bin; do
	expect 0 "$temporary/$tree/halloc" --help
	says_not '^  top '
	misuse 'halloc: halloc-top is missing' "$temporary/$tree/halloc" top
	misuse 'halloc: unknown verb fly' "$temporary/$tree/halloc" fly
done

cat >"$temporary/halloc-top" <<'END'
#!/bin/sh
printf '<%s>' "$@"
exit 3
END
chmod +x "$temporary/halloc-top"
cp "$temporary/halloc-top" "$temporary/tree/build/tools/"
cp "$temporary/halloc-top" "$temporary/installed/libexec/halloc/"
cp "$temporary/halloc-top" "$temporary/installed/libexec/halloc/halloc-fly"
ln -s "$temporary/tree/scripts/halloc" "$temporary/link"
for script in tree/scripts/halloc installed/bin/halloc link; do
	expect 3 "$temporary/$script" top --help 'a b' ''
	says '^<--help><a b><>$'
	expect 0 "$temporary/$script" --help
	says '^  top '
done
expect 3 "$temporary/installed/bin/halloc" fly
expect 3 sh "$temporary/installed/bin/halloc" top

misuse 'halloc-elf is missing' "$temporary/tree/scripts/halloc" check -- true
misuse 'halloc-measure is missing' "$temporary/tree/scripts/halloc" compare -- true
finish
