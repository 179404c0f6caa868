/*
 * introspect - counts what the heap holds, when asked.
 *
 * Holds:  where the statistics go; no figures: it pulls from Page B, and nothing pushes to it.
 * Always: the figures of mallinfo2, malloc_info, malloc_stats and the statistics are of one count.
 * Locks:  the heap's, while its cells are visited; none while text is written.
 */
#include "introspect.h"
#include "alloc.h"
#include "boot.h"
#include "bootstrap.h"
#include "guarded.h"
#include "heap.h"
#include "limit.h"
#include "options.h"
#include "page_b.h"
#include "report.h"
#include "slab.h"
#include "tcache.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

/* Many programs close stderr on their way out (coreutils do), so the statistics keep a copy of it. */
#define STATS_FD_MIN 200

#define JSON_PREFIX "json:"

/* Set once, at start. */
static struct {
	bool wanted; /* either on stderr, or as JSON in a file */
	int fd;      /* a copy of stderr, or -1 */
	dev_t fd_device;
	ino_t fd_inode;
	pid_t pid;
} stats = {.fd = -1};

#define FILE_BYTES_MAX ((size_t)4096)
static char *stats_file; /* NULL: none; %p is the pid */

/* --- Counting ----------------------------------------------------------------------------------- */

static void count_slab(struct introspect_totals *totals, const struct heap_view *view)
{
	const struct slab *slab = slab_at(view->start);

	totals->slab_bytes += view->bytes;
	if (slab == NULL)
		return;
	struct slab_counts counts = slab_count(slab);
	struct introspect_class *class = &totals->classes[slab->sizeclass];
	class->slabs++;
	class->live += counts.live;
	class->cached += counts.cached;
	class->free += counts.free;
}

static int count_cell(const struct heap_view *view, void *arg)
{
	struct introspect_totals *totals = arg;

	switch (view->kind) {
	case HEAP_FREE:
		totals->free_cells++;
		totals->free_cell_bytes += view->bytes;
		break;
	case HEAP_BLOCK:
		if (guarded_is_kept(view->start))
			break; /* freed, though its addresses are held back */
		totals->blocks++;
		totals->block_bytes += view->bytes;
		break;
	case HEAP_SLAB:
		count_slab(totals, view);
		break;
	case HEAP_HOLE:
		return 0;
	}
	totals->page_a_bytes += view->bytes;
	return 0;
}

static void count_work(struct introspect_work *work)
{
	for (unsigned i = 0; i < ARENAS_MAX && slab_arena(i) != NULL; i++) {
		const struct arena *arena = slab_arena(i);
		work->fills += arena->fills;
		work->slots_filled += arena->slots_filled;
		work->flushes += arena->flushes;
		work->slots_flushed += arena->slots_flushed;
		work->fill_ns += arena->fill_ns;
		work->flush_ns += arena->flush_ns;
	}
	work->blocks_taken = heap_process->blocks_taken;
	work->blocks_given = heap_process->blocks_given;
	work->blocks_resized = heap_process->blocks_resized;
	work->block_ns = heap_process->block_ns;
}

void introspect_count(struct introspect_totals *totals)
{
	*totals = (struct introspect_totals){0};
	if (!boot_ensure())
		return;
	struct tcache *tcache = tcache_hide();
	heap_visit(heap_process, NULL, count_cell, totals);
	totals->committed_bytes = heap_committed_bytes();
	tcache_show(tcache);
	for (unsigned class = 0; class < SIZECLASS_COUNT; class ++) {
		const struct introspect_class *seen = &totals->classes[class];
		size_t bytes = sizeclasses[class].slot_bytes;
		totals->live_slots += seen->live;
		totals->live_slot_bytes += seen->live * bytes;
		totals->cached_slots += seen->cached;
		totals->cached_slot_bytes += seen->cached * bytes;
		totals->free_slots += seen->free;
		totals->free_slot_bytes += seen->free * bytes;
	}
	totals->bootstrap_bytes = BOOTSTRAP_BYTES;
	totals->bootstrap_live_bytes = bootstrap_bytes_live();
	totals->page_b_bytes = halloc_page_b.record_bytes_used;
	while (totals->arenas < ARENAS_MAX && slab_arena(totals->arenas) != NULL)
		totals->arenas++;
	totals->tcaches = tcache_count();
	totals->free_dirty_bytes = (size_t)heap_process->granules_dirty << HEAP_PAGE_SHIFT;
	count_work(&totals->work);
}

/* --- glibc's forms ------------------------------------------------------------------------------ */

/* What malloc_trim would give back of the free cells. (Counted a moment later than they were.) */
static size_t kept_bytes(const struct introspect_totals *totals)
{
	return totals->free_dirty_bytes < totals->free_cell_bytes ? totals->free_dirty_bytes
	                                                          : totals->free_cell_bytes;
}

/* What glibc calls an arena is here all of Page A but the large blocks, and what went back to the system; and the
 * bootstrap buffer. */
static size_t arena_bytes(const struct introspect_totals *totals)
{
	return totals->page_a_bytes - totals->block_bytes - totals->free_cell_bytes +
	       kept_bytes(totals) + totals->bootstrap_bytes;
}

static size_t arena_live_bytes(const struct introspect_totals *totals)
{
	return totals->live_slot_bytes + totals->bootstrap_live_bytes;
}

static struct mallinfo2 mallinfo_of(const struct introspect_totals *totals)
{
	return (struct mallinfo2){
	        .arena = arena_bytes(totals),
	        .ordblks = totals->free_cells + totals->free_slots + totals->cached_slots,
	        .hblks = totals->blocks,
	        .hblkhd = totals->block_bytes,
	        .uordblks = arena_live_bytes(totals),
	        .fordblks = arena_bytes(totals) - arena_live_bytes(totals),
	        .keepcost = kept_bytes(totals),
	};
}

struct mallinfo2 introspect_mallinfo(void)
{
	struct introspect_totals totals;

	introspect_count(&totals);
	return mallinfo_of(&totals);
}

static void info_sizes(FILE *stream, const struct introspect_totals *totals)
{
	fputs("<sizes>\n", stream);
	for (unsigned class = 0; class < SIZECLASS_COUNT; class ++) {
		const struct introspect_class *seen = &totals->classes[class];
		size_t free = seen->free + seen->cached;
		size_t to = sizeclasses[class].slot_bytes;
		size_t from = class == 0 ? 1 : sizeclasses[class - 1].slot_bytes + 1;
		if (free != 0)
			fprintf(stream,
			        "  <size from=\"%zu\" to=\"%zu\" total=\"%zu\" count=\"%zu\"/>\n",
			        from, to, free * to, free);
	}
	fputs("</sizes>\n", stream);
}

static void info_totals(FILE *stream, const struct introspect_totals *totals)
{
	size_t rest_count = totals->free_cells + totals->free_slots;
	size_t rest_bytes = kept_bytes(totals) + totals->free_slot_bytes;

	fprintf(stream, "<total type=\"fast\" count=\"%zu\" size=\"%zu\"/>\n", totals->cached_slots,
	        totals->cached_slot_bytes);
	fprintf(stream, "<total type=\"rest\" count=\"%zu\" size=\"%zu\"/>\n", rest_count,
	        rest_bytes);
}

static void info_system(FILE *stream, size_t bytes)
{
	fprintf(stream, "<system type=\"current\" size=\"%zu\"/>\n", bytes);
	fprintf(stream, "<system type=\"max\" size=\"%zu\"/>\n", bytes);
	fprintf(stream, "<aspace type=\"total\" size=\"%zu\"/>\n", bytes);
	fprintf(stream, "<aspace type=\"mprotect\" size=\"%zu\"/>\n", bytes);
}

int introspect_malloc_info(FILE *stream)
{
	struct introspect_totals totals;

	introspect_count(&totals);
	fputs("<malloc version=\"1\">\n<heap nr=\"0\">\n", stream);
	info_sizes(stream, &totals);
	info_totals(stream, &totals);
	info_system(stream, arena_bytes(&totals));
	fputs("</heap>\n", stream);
	info_totals(stream, &totals);
	fprintf(stream, "<total type=\"mmap\" count=\"%zu\" size=\"%zu\"/>\n", totals.blocks,
	        totals.block_bytes);
	info_system(stream, arena_bytes(&totals) + totals.block_bytes);
	fputs("</malloc>\n", stream);
	return 0;
}

/* --- The statistics, for people ----------------------------------------------------------------- */

/* What is not of the heap itself. */
struct process_figures {
	uint64_t up_ms;
	size_t resident_bytes_peak;
	uint64_t faults_minor;
	uint64_t faults_major;
};

static struct process_figures process_figures(void)
{
	struct rusage usage = {0};
	uint32_t start_ms = (uint32_t)halloc_page_b.start_ms;

	getrusage(RUSAGE_SELF, &usage);
	return (struct process_figures){
	        .up_ms = start_ms == 0 ? 0 : os_clock_ms() - start_ms,
	        .resident_bytes_peak = (size_t)usage.ru_maxrss * 1024,
	        .faults_minor = (uint64_t)usage.ru_minflt,
	        .faults_major = (uint64_t)usage.ru_majflt,
	};
}

static size_t class_slab_bytes(const struct introspect_totals *totals, unsigned class)
{
	return totals->classes[class].slabs * sizeclasses[class].heap_pages * HEAP_PAGE_BYTES;
}

static uint64_t committed_peak(const struct introspect_totals *totals)
{
	uint64_t peak = halloc_page_b.committed_bytes_peak;

	return peak > totals->committed_bytes ? peak : totals->committed_bytes;
}

static void print_classes(struct report_stream *out, const struct introspect_totals *totals)
{
	if (totals->slab_bytes == 0)
		return;
	report_format(out, "halloc: %8s %7s %11s %10s %10s %14s %14s\n", "class", "slabs", "live",
	              "cached", "free", "live bytes", "waste bytes");
	for (unsigned class = 0; class < SIZECLASS_COUNT; class ++) {
		const struct introspect_class *seen = &totals->classes[class];
		size_t live_bytes = seen->live * sizeclasses[class].slot_bytes;
		if (seen->slabs != 0)
			report_format(out, "halloc: %8u %7zu %11zu %10zu %10zu %14zu %14zu\n",
			              (unsigned)sizeclasses[class].slot_bytes, seen->slabs,
			              seen->live, seen->cached, seen->free, live_bytes,
			              class_slab_bytes(totals, class) - live_bytes);
	}
}

static void print_work(struct report_stream *out, const struct introspect_totals *totals)
{
	const struct introspect_work *work = &totals->work;
	struct process_figures process = process_figures();

	report_format(out,
	              "halloc: %lu fills brought %lu slots, %lu flushes took %lu; large "
	              "blocks: %lu taken, %lu given back, %lu resized in place\n",
	              work->fills, work->slots_filled, work->flushes, work->slots_flushed,
	              work->blocks_taken, work->blocks_given, work->blocks_resized);
	report_format(out,
	              "halloc: time in fills %lu us, flushes %lu us, large blocks %lu us, "
	              "purges %lu us\n",
	              work->fill_ns / 1000, work->flush_ns / 1000, work->block_ns / 1000,
	              halloc_page_b.purge_ns / 1000);
	report_format(out,
	              "halloc: %lu purges gave back %lu bytes; %lu system calls for memory; "
	              "page faults of the process: %lu minor, %lu major\n",
	              halloc_page_b.purges, halloc_page_b.purged_bytes, os_calls,
	              process.faults_minor, process.faults_major);
	report_format(out,
	              "halloc: peaks: %lu bytes of Page A in use, %lu bytes committed; the "
	              "process: %zu bytes resident\n",
	              halloc_page_b.page_a_bytes_peak, committed_peak(totals),
	              process.resident_bytes_peak);
	if (limit_bytes != SIZE_MAX)
		report_format(out, "halloc: the limit is %zu bytes; it was met %lu times\n",
		              limit_bytes, halloc_page_b.limit_refusals);
}

static void print_ours(struct report_stream *out, const struct introspect_totals *totals)
{
	report_format(out,
	              "halloc: statistics of %s, process %d: %zu bytes live in %zu slots, %zu in "
	              "%zu large blocks\n",
	              program_invocation_short_name, (int)getpid(), totals->live_slot_bytes,
	              totals->live_slots, totals->block_bytes, totals->blocks);
	report_format(
	        out,
	        "halloc: Page A %zu bytes: slabs %zu, large blocks %zu, free %zu, of those not "
	        "given back %zu; committed with Page B %zu\n",
	        totals->page_a_bytes, totals->slab_bytes, totals->block_bytes,
	        totals->free_cell_bytes, totals->free_dirty_bytes, totals->committed_bytes);
	report_format(
	        out,
	        "halloc: slots not live: %zu bytes in magazines, %zu in slabs; Page B %zu bytes; "
	        "start-up buffer %zu of %zu bytes; %u arenas, %u threads\n",
	        totals->cached_slot_bytes, totals->free_slot_bytes, totals->page_b_bytes,
	        totals->bootstrap_live_bytes, totals->bootstrap_bytes, totals->arenas,
	        totals->tcaches);
	print_work(out, totals);
	print_classes(out, totals);
}

void introspect_malloc_stats(void)
{
	struct report_stream out = REPORT_STREAM(STDERR_FILENO);
	struct introspect_totals totals;

	introspect_count(&totals);
	report_format(&out, "Arena 0:\nsystem bytes     = %10zu\nin use bytes     = %10zu\n",
	              arena_bytes(&totals), arena_live_bytes(&totals));
	report_format(&out,
	              "Total (incl. mmap):\nsystem bytes     = %10zu\nin use bytes     = %10zu\n",
	              arena_bytes(&totals) + totals.block_bytes,
	              arena_live_bytes(&totals) + totals.block_bytes);
	report_format(&out, "max mmap regions = %10zu\nmax mmap bytes   = %10zu\n", totals.blocks,
	              totals.block_bytes);
	if (stats.wanted)
		print_ours(&out, &totals);
	report_flush(&out);
}

/* --- The statistics, as JSON -------------------------------------------------------------------- */

static void json_text(struct report_stream *out, const char *text)
{
	for (; *text != '\0'; text++) {
		unsigned char byte = (unsigned char)*text;
		if (byte < ' ' || byte > '~' || byte == '"' || byte == '\\')
			report_format(out, "\\u00%x%x", (unsigned)byte >> 4, (unsigned)byte & 15);
		else
			report_format(out, "%c", byte);
	}
}

static void json_classes(struct report_stream *out, const struct introspect_totals *totals)
{
	const char *comma = "";

	report_format(out, "\"classes\": [");
	for (unsigned class = 0; class < SIZECLASS_COUNT; class ++) {
		const struct introspect_class *seen = &totals->classes[class];
		size_t slot_bytes = sizeclasses[class].slot_bytes;
		size_t slab_bytes = class_slab_bytes(totals, class);
		if (seen->slabs == 0)
			continue;
		report_format(out,
		              "%s\n  {\"slot_bytes\": %zu, \"slabs\": %zu, \"slab_bytes\": %zu, "
		              "\"live\": %zu, \"cached\": %zu, \"free\": %zu, ",
		              comma, slot_bytes, seen->slabs, slab_bytes, seen->live, seen->cached,
		              seen->free);
		report_format(out, "\"live_bytes\": %zu, \"waste_bytes\": %zu}",
		              seen->live * slot_bytes, slab_bytes - seen->live * slot_bytes);
		comma = ",";
	}
	report_format(out, "\n],\n");
}

static void json_work(struct report_stream *out, const struct introspect_work *work)
{
	report_format(out,
	              "\"calls\": {\"fills\": %lu, \"slots_filled\": %lu, \"flushes\": %lu, "
	              "\"slots_flushed\": %lu, ",
	              work->fills, work->slots_filled, work->flushes, work->slots_flushed);
	report_format(out,
	              "\"blocks_taken\": %lu, \"blocks_given\": %lu, \"blocks_resized\": %lu, "
	              "\"system_calls\": %lu},\n",
	              work->blocks_taken, work->blocks_given, work->blocks_resized, os_calls);
	report_format(out,
	              "\"slow_ns\": {\"fills\": %lu, \"flushes\": %lu, \"blocks\": %lu, "
	              "\"purges\": %lu},\n",
	              work->fill_ns, work->flush_ns, work->block_ns, halloc_page_b.purge_ns);
	report_format(out, "\"purges\": {\"count\": %lu, \"bytes\": %lu, \"pressed\": %lu},\n",
	              halloc_page_b.purges, halloc_page_b.purged_bytes,
	              halloc_page_b.pressure_purges);
}

static void json_mallinfo(struct report_stream *out, const struct mallinfo2 *info)
{
	report_format(out,
	              "\"mallinfo2\": {\"arena\": %zu, \"ordblks\": %zu, \"hblks\": %zu, "
	              "\"hblkhd\": %zu, \"uordblks\": %zu, \"fordblks\": %zu, \"keepcost\": %zu}\n",
	              info->arena, info->ordblks, info->hblks, info->hblkhd, info->uordblks,
	              info->fordblks, info->keepcost);
}

static void json_heap(struct report_stream *out, const struct introspect_totals *totals)
{
	report_format(out,
	              "\"live\": {\"slots\": %zu, \"slot_bytes\": %zu, \"blocks\": %zu, "
	              "\"block_bytes\": %zu},\n",
	              totals->live_slots, totals->live_slot_bytes, totals->blocks,
	              totals->block_bytes);
	report_format(out,
	              "\"page_a\": {\"bytes\": %zu, \"slab_bytes\": %zu, \"block_bytes\": %zu, "
	              "\"free_cells\": %zu, \"free_bytes\": %zu, \"free_dirty_bytes\": %zu},\n",
	              totals->page_a_bytes, totals->slab_bytes, totals->block_bytes,
	              totals->free_cells, totals->free_cell_bytes, totals->free_dirty_bytes);
	report_format(out,
	              "\"slots\": {\"cached\": %zu, \"cached_bytes\": %zu, \"free\": %zu, "
	              "\"free_bytes\": %zu, \"waste_bytes\": %zu},\n",
	              totals->cached_slots, totals->cached_slot_bytes, totals->free_slots,
	              totals->free_slot_bytes, totals->slab_bytes - totals->live_slot_bytes);
	report_format(out,
	              "\"page_b\": {\"record_bytes\": %zu, \"record_bytes_claimed\": %lu},\n"
	              "\"bootstrap\": {\"bytes\": %zu, \"live_bytes\": %zu},\n",
	              totals->page_b_bytes, halloc_page_b.record_bytes_claimed,
	              totals->bootstrap_bytes, totals->bootstrap_live_bytes);
	report_format(out, "\"arenas\": %u,\n\"threads\": %u,\n", totals->arenas, totals->tcaches);
	report_format(out, "\"committed_bytes\": %zu,\n\"limit\": {", totals->committed_bytes);
	if (limit_bytes == SIZE_MAX)
		report_format(out, "\"bytes\": null, ");
	else
		report_format(out, "\"bytes\": %zu, ", limit_bytes);
	report_format(out, "\"refusals\": %lu},\n", halloc_page_b.limit_refusals);
}

static void json_print(struct report_stream *out, const struct introspect_totals *totals)
{
	struct mallinfo2 info = mallinfo_of(totals);
	struct process_figures process = process_figures();

	report_format(out, "{\n\"version\": 1,\n\"program\": \"");
	json_text(out, program_invocation_short_name);
	report_format(out, "\",\n\"pid\": %d,\n\"up_ms\": %lu,\n", (int)getpid(), process.up_ms);
	report_format(out,
	              "\"peak\": {\"page_a_bytes\": %lu, \"committed_bytes\": %lu, "
	              "\"resident_bytes\": %zu},\n",
	              halloc_page_b.page_a_bytes_peak, committed_peak(totals),
	              process.resident_bytes_peak);
	report_format(out, "\"faults\": {\"minor\": %lu, \"major\": %lu},\n", process.faults_minor,
	              process.faults_major);
	json_heap(out, totals);
	json_work(out, &totals->work);
	json_classes(out, totals);
	json_mallinfo(out, &info);
	report_format(out, "}\n");
}

/* --- Where the statistics go -------------------------------------------------------------------- */

/* Whether our copy of stderr still is one: a program may close all that it did not open itself, and
 * get the number again for a file of its own. */
static bool stats_fd_is_ours(void)
{
	struct stat now;

	return stats.fd >= 0 && fstat(stats.fd, &now) == 0 && now.st_dev == stats.fd_device &&
	       now.st_ino == stats.fd_inode;
}

static void file_refuse(const char *path, int error)
{
	struct report_stream out = REPORT_STREAM(stats.fd);

	if (!stats_fd_is_ours())
		return;
	report_format(&out, "halloc: warning: no statistics in %s: %s\n", path,
	              strerrordesc_np(error));
	report_flush(&out);
}

/* Writes the name of the file, with the pid in place of %p. Returns: false when it is too long. */
static bool file_name(char *path, size_t bytes)
{
	char number[16];
	size_t length = 0;

	report_text(number, sizeof number, "%d", (int)getpid());
	for (const char *at = stats_file; *at != '\0'; at++) {
		bool pid = strncmp(at, "%p", 2) == 0;
		size_t more = pid ? strlen(number) : 1;
		if (length + more >= bytes)
			return false;
		memcpy(path + length, pid ? number : at, more);
		length += more;
		at += pid;
	}
	path[length] = '\0';
	return true;
}

/* Opens what shall become the file: beside it, so that whoever reads it never sees half of one; the
 * file itself where it is a pipe, a device or a link, or the directory takes no new files. */
static int file_open(const char *path, char *beside, size_t bytes)
{
	struct stat there;
	bool plain = lstat(path, &there) != 0 || S_ISREG(there.st_mode);
	size_t length = strlen(path);
	int fd = -1;

	if (plain && length + 16 < bytes) {
		memcpy(beside, path, length);
		report_text(beside + length, bytes - length, ".%d", (int)getpid());
		fd = open(beside, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
	}
	if (fd < 0) {
		*beside = '\0';
		fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOCTTY, 0666);
	}
	return fd;
}

static void file_write(const struct introspect_totals *totals)
{
	char path[FILE_BYTES_MAX];
	char beside[FILE_BYTES_MAX];

	if (!file_name(path, sizeof path)) {
		file_refuse(stats_file, ENAMETOOLONG);
		return;
	}
	int fd = file_open(path, beside, sizeof beside);
	if (fd < 0) {
		file_refuse(path, errno);
		return;
	}
	struct report_stream out = REPORT_STREAM(fd);
	json_print(&out, totals);
	int error = report_flush(&out);
	close(fd);
	if (error == 0 && *beside != '\0' && rename(beside, path) != 0)
		error = errno;
	if (error != 0) {
		if (*beside != '\0')
			unlink(beside);
		file_refuse(path, error);
	}
}

/* Out of line: its frame is large, and most programs do without it. */
runs_seldom static void stats_write(void)
{
	struct report_stream out = REPORT_STREAM(stats.fd);
	struct introspect_totals totals;

	/* A child of fork has a file of its own, or none: the name is its parent's. */
	bool named = stats_file != NULL;
	if (named && getpid() != stats.pid && strstr(stats_file, "%p") == NULL)
		return;
	introspect_count(&totals);
	if (named) {
		file_write(&totals);
	} else if (stats_fd_is_ours()) {
		print_ours(&out, &totals);
		report_flush(&out);
	}
}

__attribute__((destructor)) static void stats_at_exit(void)
{
	/* A signal handler that ends the process may have interrupted who counts. */
	if (stats.wanted && lock_held() == NULL)
		stats_write();
}

/* Keeps the name of the file; from the root, for a program that changes its directory.
 * Returns: false when it cannot be. */
static bool file_remember(const char *name)
{
	size_t length = 0;

	if (*name == '\0')
		return false;
	stats_file = page_b_record_new(FILE_BYTES_MAX);
	if (stats_file == NULL)
		return false;
	if (*name != '/') {
		if (getcwd(stats_file, FILE_BYTES_MAX - 1) == NULL)
			return false;
		length = strlen(stats_file);
		stats_file[length++] = '/';
	}
	if (length + strlen(name) >= FILE_BYTES_MAX)
		return false;
	memcpy(stats_file + length, name, strlen(name) + 1);
	return true;
}

static void stderr_remember(void)
{
	struct stat now;

	stats.fd = fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, STATS_FD_MIN);
	if (stats.fd < 0) /* there may be fewer */
		stats.fd = fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
	if (stats.fd >= 0 && fstat(stats.fd, &now) == 0) {
		stats.fd_device = now.st_dev;
		stats.fd_inode = now.st_ino;
	}
}

/* --- The limit ---------------------------------------------------------------------------------- */

/* How many classes the word of the limit names: those that hold most. */
#define LIMIT_CLASSES 4

/* One line: what was asked for, and who holds what. */
static void limit_report(size_t bytes)
{
	struct report_stream out = REPORT_STREAM(STDERR_FILENO);
	struct introspect_totals totals;
	uint64_t named[(SIZECLASS_COUNT + 63) / 64] = {0};

	introspect_count(&totals);
	report_format(&out,
	              "halloc: the limit of %zu bytes is reached, %zu more are refused; "
	              "large blocks hold %zu bytes (%zu)",
	              limit_bytes, bytes, totals.block_bytes, totals.blocks);
	for (int i = 0; i < LIMIT_CLASSES; i++) {
		unsigned most = 0;
		size_t most_bytes = 0;
		for (unsigned class = 0; class < SIZECLASS_COUNT; class ++) {
			size_t held = class_slab_bytes(&totals, class);
			bool is_named = (named[class / 64] >> class % 64 & 1) != 0;
			if (!is_named && held > most_bytes) {
				most = class;
				most_bytes = held;
			}
		}
		if (most_bytes == 0)
			break;
		named[most / 64] |= (uint64_t)1 << most % 64;
		report_format(&out, ", slabs of %u-byte slots %zu (%zu live)",
		              (unsigned)sizeclasses[most].slot_bytes, most_bytes,
		              totals.classes[most].live);
	}
	report_format(&out, "; all slabs %zu, Page B %zu\n", totals.slab_bytes,
	              totals.page_b_bytes);
	report_flush(&out);
}

/* --- Start -------------------------------------------------------------------------------------- */

runs_at_start void introspect_start(void)
{
	const char *text = options.stats;
	size_t prefix = strlen(JSON_PREFIX);

	if (limit_bytes != SIZE_MAX)
		alloc_limit_report = limit_report;
	if (*text == '\0' || strcmp(text, "0") == 0)
		return;
	bool json = strncmp(text, JSON_PREFIX, prefix) == 0;
	if (!json && strcmp(text, "1") != 0) {
		report_warning("HALLOC_STATS: \"%s\" is not one of: 0 1 json:FILE; ignored", text);
		return;
	}
	if (json && !file_remember(text + prefix)) {
		report_warning("HALLOC_STATS: \"%s\" names no file; ignored", text);
		return;
	}
	stats.pid = getpid();
	stats.wanted = true;
	os_stopwatch_runs = true;
	if (halloc_page_b.start_ms == 0)
		halloc_page_b.start_ms = os_clock_ms();
	stderr_remember();
}
