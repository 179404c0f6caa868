# table.awk - prints the medians as two tables in Markdown. Goes with medians.awk.

END {
	printf "Medians of %d round%s, measured on: %s.\n\n", rounds, (rounds > 1 ? "s" : ""), machine
	if (programs_count) {
		print_table("cpu", "Time", "processor seconds under glibc", "%.2f s", 1)
		print_table("peak", "Peak memory", "peak resident MiB under glibc", "%.1f MiB", 0)
	}
	for (i = 1; i <= programs_count; i++)
		for (k = 1; k <= libraries_count; k++)
			if ((programs[i], libraries[k]) in failed)
				printf "%s failed under %s: status %s\n\n", programs[i], libraries[k], \
					failed[programs[i], libraries[k]]
	if (skipped != "")
		printf "Skipped: %s.\n", skipped
}

function print_table(what, title, unit, form, with_wall,   i, k, line, rule) {
	printf "**%s**: %s, and every library's ratio to it; lower is better.\n\n", title, unit
	line = "| program | glibc | spread |"
	rule = "|---|--:|--:|"
	for (k = 1; k <= libraries_count; k++)
		if (libraries[k] != "glibc") {
			line = line " " full_name(libraries[k]) " |"
			rule = rule "--:|"
		}
	print line " halloc to the best other |"
	print rule "--:|"
	for (i = 1; i <= programs_count; i++)
		print_program(what, programs[i], form)
	print_means(what, "geometric mean")
	if (with_wall)
		print_means("wall", "the same of the time on the clock")
	print ""
}

# A row; the best of all is bold.
function print_program(what, program, form,   k, here, best) {
	printf "| %s ", program
	if (good(program, "glibc"))
		printf "| " form " | ± %.0f %% |", median(what, program, "glibc"), spread(what, program)
	else
		printf "| failed | |"
	best = best_but(what, program, "")
	for (k = 1; k <= libraries_count; k++) {
		if (libraries[k] == "glibc")
			continue
		here = ratio(what, program, libraries[k])
		if (here == 0)
			printf " %s |", (good(program, libraries[k]) ? "" : "failed")
		else
			printf (here <= best ? " **%.2f** |" : " %.2f |"), here
	}
	here = ratio(what, program, "halloc")
	best = best_but(what, program, "halloc")
	if (here > 0 && best > 0)
		printf " %.2f (%s) |", here / best, best_name
	else
		printf " |"
	print ""
}

# To glibc, too, which is the best other where no peer's mean is below 1.
function print_means(what, title,   k, here, best) {
	printf "| **%s** | | |", title
	best = 1
	best_name = "glibc"
	for (k = 1; k <= libraries_count; k++) {
		if (libraries[k] == "glibc")
			continue
		here = mean(what, libraries[k])
		printf (here > 0 ? " **%.2f** |" : " |"), here
		if (here > 0 && libraries[k] != "halloc" && here < best) {
			best = here
			best_name = libraries[k]
		}
	}
	here = mean(what, "halloc")
	if (here > 0)
		printf " **%.2f** (%s) |", here / best, best_name
	else
		printf " |"
	print ""
}
