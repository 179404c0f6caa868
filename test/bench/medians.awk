# medians.awk - what the table and the chart share: reads the runs, and answers about their medians.
#
# A line is a run: program, library, exit status, processor seconds, wall seconds, peak KiB, page
# faults, parted by tabs; or program, "skipped", why. After reading, programs[1..programs_count] and
# libraries[1..libraries_count] are the names in order.

$2 == "skipped" { skipped = skipped sprintf("%s%s", skipped == "" ? "" : "; ", $1 ": " $3); next }

{
	if (!($1 in program_known)) {
		program_known[$1] = 1
		programs[++programs_count] = $1
	}
	if (!($2 in library_known)) {
		library_known[$2] = 1
		libraries[++libraries_count] = $2
	}
	if ($3 != "0") {
		failed[$1, $2] = $3
		next
	}
	count = ++runs[$1, $2]
	run["cpu", $1, $2, count] = $4 > 0.001 ? $4 : 0.001
	run["wall", $1, $2, count] = $5 > 0.001 ? $5 : 0.001
	run["peak", $1, $2, count] = $6 / 1024
}

# Returns: whether every run of the program under the library ended well.
function good(program, library) {
	return !((program, library) in failed) && (program, library) in runs
}

# Sorts the runs into sorted[1..]. Returns: how many there are.
function sort_runs(what, program, library,   count, i, k, held) {
	count = runs[program, library]
	for (i = 1; i <= count; i++) {
		held = run[what, program, library, i]
		for (k = i - 1; k >= 1 && sorted[k] > held; k--)
			sorted[k + 1] = sorted[k]
		sorted[k + 1] = held
	}
	return count
}

function median(what, program, library,   count) {
	count = sort_runs(what, program, library)
	return (sorted[int((count + 1) / 2)] + sorted[int(count / 2) + 1]) / 2
}

# Returns: half the distance between the extremes, in percent of the median, of the library in which
# it is largest.
function spread(what, program,   i, count, here, most) {
	for (i = 1; i <= libraries_count; i++) {
		if (!good(program, libraries[i]))
			continue
		count = sort_runs(what, program, libraries[i])
		here = 50 * (sorted[count] - sorted[1]) / median(what, program, libraries[i])
		if (here > most)
			most = here
	}
	return most + 0
}

# Returns: the median as a ratio to glibc's; 0 when one of the two failed.
function ratio(what, program, library) {
	if (!good(program, library) || !good(program, "glibc"))
		return 0
	return median(what, program, library) / median(what, program, "glibc")
}

# Returns: the smallest ratio of a library other than the one named; 0 when there is none. Its name is
# then in best_name.
function best_but(what, program, library,   i, here, best) {
	for (i = 1; i <= libraries_count; i++) {
		here = libraries[i] == library ? 0 : ratio(what, program, libraries[i])
		if (here > 0 && (!best || here < best)) {
			best = here
			best_name = libraries[i]
		}
	}
	return best + 0
}

# Returns: the geometric mean of the library's ratios; 0 when it has none.
function mean(what, library,   i, here, sum, count) {
	for (i = 1; i <= programs_count; i++)
		if ((here = ratio(what, programs[i], library)) > 0) {
			sum += log(here)
			count++
		}
	return count ? exp(sum / count) : 0
}

# Returns: the name with its version, if there is one.
function full_name(library,   count, words, i) {
	count = split(versions, words, " ")
	for (i = 1; i <= count; i++)
		if (index(words[i], library "=") == 1)
			return library " " substr(words[i], length(library) + 2)
	return library
}
