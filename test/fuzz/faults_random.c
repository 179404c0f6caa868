/* The system refuses calls for memory by chance, at several rates, all kinds or one kind of them; each
 * place in os.c that calls the system has failed at least once.
 * modes: HALLOC_HARDENED=0 HALLOC_HARDENED=1
 * timeout: 600 */
#include "faults_run.h"

/* Every call of the five in the source must be in the tally. */
static unsigned sites_missed(void)
{
	FILE *source = fopen("src/os.c", "r");
	char line[500];
	unsigned sites = 0, missed = 0;

	REQUIRE(source);
	for (int number = 1; fgets(line, sizeof line, source) != NULL; number++) {
		for (int call = 0; call < CALLS; call++) {
			char name[20];
			snprintf(name, sizeof name, "%s(", call_names[call]);
			const char *at = strstr(line, name);
			if (at == NULL || (at > line && (at[-1] == '_' || at[-1] == 'm')) ||
			    strncmp(line, " *", 2) == 0 || strncmp(line, "/*", 2) == 0)
				continue;
			sites++;
			/* In hardened mode none are huge. */
			if (call == CALL_MADVISE && tally->called[call][number] == 0 &&
			    is_hardened())
				continue;
			if (tally->failed[call][number] == 0) {
				fprintf(stderr, "os.c:%d: %s never failed\n", number,
				        call_names[call]);
				missed++;
			}
		}
	}
	fclose(source);
	REQUIRE(sites >= 9);
	return missed;
}

int main(void)
{
	static const unsigned rates[] = {2, 3, 5, 10, 30, 100};

	tally_make();
	for (unsigned rate = 0; rate < sizeof rates / sizeof *rates; rate++)
		for (uint32_t seed = 1; seed <= 40; seed++)
			run((struct plan){
			        .one_in = rates[rate], .calls = ALL_CALLS, .seed = seed * 7919});
	for (int call = 0; call < CALLS; call++)
		for (unsigned rate = 1; rate <= 4; rate *= 2)
			for (uint32_t seed = 1; seed <= 5; seed++)
				run((struct plan){.one_in = rate,
				                  .calls = 1u << call,
				                  .seed = seed * 104729});
	tally_print();
	REQUIRE(sites_missed() == 0);
	return 0;
}
