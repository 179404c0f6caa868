/* Processors are counted, and chance is not always the same.
 * links: machine clock report */
#include "machine.h"
#include "test.h"
#include <unistd.h>

int main(void)
{
	REQUIRE(machine_cpus() >= 1);
	REQUIRE(machine_cpus() <= (unsigned)sysconf(_SC_NPROCESSORS_CONF));
	REQUIRE(machine_random() != machine_random());
	return 0;
}
