#include "map.h"
void map_svg(FILE *out, const struct source *source, const struct reader_snapshot *snapshot)
{
	(void)out;
	(void)source;
	(void)snapshot;
}
