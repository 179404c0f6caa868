# chart.awk - draws the medians as an SVG: a row a program, a dot a library, at its ratio to glibc on a
# logarithmic scale; processor time on the left, peak memory on the right. Goes with medians.awk.

END {
	row = 19
	top = 96
	left = 96
	panel = 370
	gap = 40
	low = log(0.0625)
	high = log(16)
	count = split("#d6336c #2f6fde #12a1b5 #ef9f1f #7b4fd0 #5f6b7a", colours, " ")
	height = top + (programs_count + 1) * row + 46
	width = left + 2 * panel + gap + 24
	printf "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 %d %d\" width=\"%d\" height=\"%d\" style=\"max-width:100%%;height:auto\" font-family=\"system-ui, sans-serif\" font-size=\"12\">\n", width, height, width, height
	print "<style>text{fill:#1b2430}.soft{fill:#5f6b7a}.grid{stroke:#d9dfe7}.one{stroke:#5f6b7a}.back{fill:#fff}.band{fill:#f3f5f8}@media (prefers-color-scheme:dark){text{fill:#e6eaf0}.soft{fill:#9aa6b5}.grid{stroke:#333c48}.one{stroke:#9aa6b5}.back{fill:#161b22}.band{fill:#1d242d}}</style>"
	printf "<rect class=\"back\" width=\"%d\" height=\"%d\"/>\n", width, height
	printf "<text x=\"%d\" y=\"24\" font-size=\"15\" font-weight=\"600\">Ratios to glibc: further left is better</text>\n", left
	legend()
	draw("cpu", "Processor time", left)
	draw("peak", "Peak memory", left + panel + gap)
	for (i = 1; i <= programs_count; i++)
		printf "<text x=\"%d\" y=\"%.1f\" text-anchor=\"end\">%s</text>\n", left - 10, y_of(i) + 4, escaped(programs[i])
	printf "<text x=\"%d\" y=\"%.1f\" text-anchor=\"end\" font-weight=\"600\">mean</text>\n", left - 10, y_of(programs_count + 1) + 4
	printf "<text class=\"soft\" x=\"%d\" y=\"%d\" font-size=\"11\">Medians of %d round%s; the mean is geometric. %s</text>\n", left, height - 12, rounds, (rounds > 1 ? "s" : ""), escaped(machine)
	print "</svg>"
}

function escaped(text) {
	gsub(/&/, "\\&amp;", text)
	gsub(/</, "\\&lt;", text)
	return text
}

function colour(k) {
	return colours[(k - 1) % count + 1]
}

function y_of(i) {
	return top + (i - 0.5) * row
}

# Where a ratio lies in a panel; those off the scale lie at its ends.
function x_of(value, start,   place) {
	place = (log(value) - low) / (high - low)
	place = place < 0 ? 0 : place > 1 ? 1 : place
	return start + place * panel
}

function legend(   k, x, number) {
	x = left
	for (k = 1; k <= libraries_count; k++) {
		if (libraries[k] == "glibc")
			continue
		number++
		number_of[libraries[k]] = number
		printf "<circle cx=\"%.1f\" cy=\"44\" r=\"5\" fill=\"%s\"/><text x=\"%.1f\" y=\"48\">%s</text>\n", x + 5, colour(number), x + 15, escaped(full_name(libraries[k]))
		x += 40 + 6.6 * length(full_name(libraries[k]))
	}
}

function dot(what, x, y, library, tip) {
	printf "<circle cx=\"%.1f\" cy=\"%.1f\" r=\"%s\" fill=\"%s\"><title>%s</title></circle>\n", x, y, library == "halloc" ? "5.2" : "4", colour(number_of[library]), escaped(tip)
}

# halloc comes last, so that it lies on top of the others.
function draw(what, title, start,   i, k, here, tick, ticks, pass) {
	printf "<text x=\"%d\" y=\"72\" font-weight=\"600\">%s</text>\n", start, title
	for (i = 1; i <= programs_count + 1; i += 2)
		printf "<rect class=\"band\" x=\"%d\" y=\"%.1f\" width=\"%d\" height=\"%d\"/>\n", start, top + (i - 1) * row, panel, row
	split("0.0625 0.125 0.25 0.5 1 2 4 8 16", ticks, " ")
	for (i = 1; i <= 9; i++) {
		tick = x_of(ticks[i], start)
		printf "<line class=\"%s\" x1=\"%.1f\" y1=\"%d\" x2=\"%.1f\" y2=\"%.1f\"/>\n", ticks[i] == 1 ? "one" : "grid", tick, top, tick, top + (programs_count + 1) * row
		printf "<text class=\"soft\" x=\"%.1f\" y=\"%d\" text-anchor=\"middle\" font-size=\"11\">%s</text>\n", tick, top - 7, ticks[i] < 1 ? "1/" 1 / ticks[i] : ticks[i]
	}
	for (pass = 0; pass < 2; pass++)
		for (k = 1; k <= libraries_count; k++) {
			if (libraries[k] == "glibc" || (libraries[k] == "halloc") != pass)
				continue
			for (i = 1; i <= programs_count; i++)
				if ((here = ratio(what, programs[i], libraries[k])) > 0)
					dot(what, x_of(here, start), y_of(i), libraries[k], sprintf("%s: %s %.2f", programs[i], libraries[k], here))
			if ((here = mean(what, libraries[k])) > 0)
				dot(what, x_of(here, start), y_of(programs_count + 1), libraries[k], sprintf("mean: %s %.2f", libraries[k], here))
		}
}
