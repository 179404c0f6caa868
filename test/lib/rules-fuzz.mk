# Builds test/fuzz: the rooms but malloc.c, and hits.c without its public names, with every expect on, so that the
# harness itself has libc's malloc. Included by rules.mk.

FUZZ_ROOMS = $(filter-out %/malloc.o %/hits.o,$(DEBUG)) build/model/hits.o
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

# The models have the public functions too, under names of their own: api_malloc for malloc. Without dlopen.c and
# atfork.c, which are for preloading.
RENAME      = objcopy $(foreach name,$(shell cat test/check/exports.txt),--redefine-sym $(name)=api_$(name))
MODEL_ROOMS = $(filter-out %/malloc.o %/hits.o %/dlopen.o %/atfork.o,$(DEBUG))
MODEL_API   = build/model/malloc.o build/model/hits.o

build/test/fuzz/model_%: test/fuzz/model_%.c test/lib/model.c test/lib/rules-fuzz.mk $(MODEL_ROOMS) \
		$(MODEL_API)
	$(HEAD) $(FUZZ) -O2 -o $@ $< test/lib/model.c $(MODEL_ROOMS) $(MODEL_API) $(FIND) $(SAY)

$(MODEL_API): build/model/%.o: build/debug/%.o test/check/exports.txt test/lib/rules-fuzz.mk
	@mkdir -p $(@D)
	$(RENAME) $< $@

# The same under libFuzzer, which brings main: for test/lib/fuzz, with CC=clang. Comparisons are not traced:
# the walkers make most of them, and any byte is an operation.
FUZZER       = -fsanitize=fuzzer-no-link,address -fno-sanitize-coverage=trace-cmp
FUZZER_ROOMS = $(MODEL_ROOMS:build/debug/%=build/fuzz/%)
FUZZER_API   = build/fuzz/api-malloc.o build/fuzz/api-hits.o

build/fuzz/model_%: test/fuzz/model_%.c test/fuzz/model.h test/fuzz/api.h test/lib/rules-fuzz.mk $(FUZZER_ROOMS) \
		$(FUZZER_API)
	$(FUZZ) $(FUZZER) -fsanitize=fuzzer,address -o $@ $< $(FUZZER_ROOMS) $(FUZZER_API) $(LDFLAGS)

$(FUZZER_API): build/fuzz/api-%.o: build/fuzz/%.o test/check/exports.txt test/lib/rules-fuzz.mk
	$(RENAME) $< $@

build/fuzz/%.o: src/%.c test/lib/rules-fuzz.mk
	@mkdir -p $(@D)
	$(COMPILE) -DHALLOC_DEBUG $(FUZZER) -c -o $@ $<

-include build/faults/os.d $(wildcard build/fuzz/*.d)
