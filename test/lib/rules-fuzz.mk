# Builds test/fuzz: the rooms but malloc.c, with every expect on, so that the harness itself has libc's
# malloc. Included by rules.mk.

FUZZ_ROOMS = $(filter-out %/malloc.o,$(DEBUG))
FUZZ       = $(C) -DHALLOC_DEBUG -Isrc

build/test/fuzz/%: test/fuzz/%.c test/lib/rules-fuzz.mk $(FUZZ_ROOMS)
	$(HEAD) $(FUZZ) -o $@ $< $(FUZZ_ROOMS) $(FIND) $(SAY)

# os.c asks test/fuzz/faults.h before each call for memory; its source and the release know nothing of it.
FAULT_ROOMS = $(filter-out %/os.o,$(FUZZ_ROOMS)) build/faults/os.o

build/test/fuzz/faults_%: test/fuzz/faults_%.c test/lib/rules-fuzz.mk $(FAULT_ROOMS)
	$(HEAD) $(FUZZ) -o $@ $< $(FAULT_ROOMS) $(FIND) $(SAY)

build/faults/os.o: src/os.c test/fuzz/faults.h test/lib/rules-fuzz.mk
	@mkdir -p $(@D)
	$(COMPILE) -DHALLOC_DEBUG -include test/fuzz/faults.h -c -o $@ $<

-include build/faults/os.d
