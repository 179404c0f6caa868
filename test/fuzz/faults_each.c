/* The system refuses each call for memory in turn: that one alone, then that one and all after it. In hardened
 * mode every eleventh: it makes some thousands. Without huge pages those alone that move blocks.
 * modes: HALLOC_HARDENED=0 HALLOC_HARDENED=1 HALLOC_HUGE_PAGES=off
 * timeout: 600 */
#include "faults_run.h"

static unsigned step_between = 1;

/* Returns: how many calls there were to refuse. */
static unsigned each(struct plan plan)
{
	for (plan.first = 1; run(plan); plan.first += step_between)
		;
	return plan.first - 1;
}

int main(void)
{
	tally_make();
	if (is_hardened())
		step_between = 11;
	bool small = getenv("HALLOC_HUGE_PAGES") != NULL;
	/* As kernels before 6.17 may: the target is unmapped by then. Blocks may be copied into huge pages, not moved. */
	unsigned moves = each((struct plan){.way = WAY_HALFWAY, .calls = 1u << CALL_MREMAP});
	REQUIRE(moves > 0 || !(small || is_hardened()));
	if (small) {
		tally_print();
		return 0;
	}
	REQUIRE(each((struct plan){.way = WAY_REFUSED, .calls = ALL_CALLS}) > 100);
	for (int way = WAY_FORBIDDEN; way <= WAY_ELSEWHERE; way++)
		REQUIRE(each((struct plan){.way = (enum way)way, .calls = 1u << CALL_MMAP}) > 20);
	for (int call = 0; call < CALLS; call++)
		each((struct plan){.from_first = true, .calls = 1u << call});
	REQUIRE(each((struct plan){.from_first = true, .calls = ALL_CALLS}) > 100);
	tally_print();
	return 0;
}
