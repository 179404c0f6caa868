#!/bin/sh
# Help is printed to standard output; what is wrong with a call, in one line to standard error.

. test/scripts/common

for option in --help -h help; do
	expect 0 "$halloc" $option
	is_silent err
	for verb in run compare check; do
		says "^  $verb +[a-z]"
	done
done
for verb in run compare check; do
	expect 0 "$halloc" $verb --help
	is_silent err
	says "^usage: halloc $verb "
	says '^Exits '
done
expect 0 "$halloc" run --help
says '^  --stats '
expect 0 "$halloc" compare --help
for option in -n --with --stdin --timeout --tsv; do
	says "^  $option "
done

misuse 'no verb' "$halloc"
misuse 'unknown verb nonsense' "$halloc" nonsense
misuse 'unknown verb ../halloc' "$halloc" ../halloc
misuse 'unknown verb A' "$halloc" A
misuse 'unknown option --nonsense' "$halloc" --nonsense
for verb in run compare check; do
	misuse "^halloc $verb: no command" "$halloc" $verb
	misuse "^halloc $verb: no command" "$halloc" $verb --
	misuse "^halloc $verb: unknown option --nonsense" "$halloc" $verb --nonsense -- true
	misuse "^halloc $verb: unknown option -x" "$halloc" $verb -x
	misuse 'no such command: no-such-command' "$halloc" $verb -- no-such-command
	misuse 'no such command: /no/such' "$halloc" $verb -- /no/such
	misuse "no such command: $temporary\$" "$halloc" $verb -- "$temporary"
	misuse 'no such command: $' "$halloc" $verb -- ''
	misuse 'not executable: ' "$halloc" $verb -- ./LICENSE
	misuse 'library is missing.*/no/such.so' env HALLOC_LIB=/no/such.so "$halloc" $verb -- true
	misuse 'cannot be preloaded: .*/LICENSE$' env HALLOC_LIB="$PWD/LICENSE" "$halloc" $verb -- true
done
tells_unwritable "$halloc" --help
tells_unwritable "$halloc" compare --help
finish
