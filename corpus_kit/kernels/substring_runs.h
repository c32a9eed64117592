/* Runs of windows that share their anchor, as corpus_kit.kernels.substring_definition defines them. */

#ifndef CORPUS_KIT_SUBSTRING_RUNS_H
#define CORPUS_KIT_SUBSTRING_RUNS_H

#include "substring_tokens.h"

/* As in definition.py: base of the polynomial of a gram. */
#define GRAM_BASE UINT64_C(0x9e3779b97f4a7c15)

/* A run of windows, or one window; and its copies if they follow at once. In the order of RUN in substring.py. */
typedef struct {
    uint64_t key, first, second;
    uint32_t begin, behind, end, copies;
} Run;

typedef struct {
    Scratch memory;
    size_t count;
} Runs;

/* How all texts are looked at. */
typedef struct {
    TokenKind kind;
    size_t length; /* tokens of a window */
    size_t gram;   /* tokens of a gram, at most those of a window */
    uint8_t classes[256];
    uint64_t bytes[256];
    uint64_t leaving; /* weight of the token that has just left a gram */
} Sampling;

static inline void prepare(Sampling *sampling)
{
    classify(sampling->classes);
    for (uint32_t byte = 0; byte < 256; byte++) {
        uint8_t one = (uint8_t)byte;
        sampling->bytes[byte] = hash_unit(&one, 1, 1);
    }
    sampling->leaving = 1;
    for (size_t i = 0; i < sampling->gram; i++)
        sampling->leaving *= GRAM_BASE;
}

/* Hashes of grams, made a block ahead of where they are looked at. */
typedef struct {
    uint64_t *hashes;
    size_t room;
    size_t base, filled; /* number of the gram whose hash stands first, and of the first that is not there */
    uint64_t sum;        /* polynomial of the gram made last */
} Grams;

#define GRAM_BLOCK 4096

/* Drops the hashes before gram `from`, and makes as many as there is room for. */
static void fill_grams(const Sampling *sampling, const Tokens *tokens, size_t from, Grams *grams)
{
    size_t gram = sampling->gram, all = tokens->count - gram + 1, next = grams->filled;
    size_t stop = all - from < grams->room ? all : from + grams->room;
    memmove(grams->hashes, grams->hashes + (from - grams->base), (next - from) * sizeof(uint64_t));
    uint64_t sum = grams->sum;
    for (size_t i = 0; next == 0 && i + 1 < gram; i++)
        sum = sum * GRAM_BASE + hash_token(tokens, sampling->bytes, i);
    for (; next < stop; next++) {
        sum = sum * GRAM_BASE + hash_token(tokens, sampling->bytes, next + gram - 1);
        if (next)
            sum -= sampling->leaving * hash_token(tokens, sampling->bytes, next - 1);
        grams->hashes[next - from] = mix64(sum);
    }
    *grams = (Grams){grams->hashes, grams->room, from, stop, sum};
}

/* The first of the lowest. */
ALWAYS_INLINE size_t lowest(const uint64_t *hashes, size_t count)
{
    uint64_t least = hashes[0];
    size_t at = 0;
    for (size_t i = 1; i < count; i++)
        least = hashes[i] < least ? hashes[i] : least;
    while (hashes[at] != least)
        at++;
    return at;
}

/* What is wanted: all runs; some runs, each with where it may be cut out; or the windows of some runs. */
typedef enum { ALL_RUNS, SOME_RUNS, WINDOWS_OF_SOME, MODE_COUNT } Mode;

/* Which runs of a text are wanted: those that begin at one of these bytes, which ascend. */
typedef struct {
    const uint32_t *begins;
    size_t count;
} Wanted;

/* Some windows with one anchor. */
typedef struct {
    size_t first, windows, copies;
    size_t anchor;
    uint64_t hash;
} Pending;

/* Where the work on one text is. */
typedef struct {
    const Sampling *sampling;
    const Tokens *tokens;
    Mode mode;
    Wanted wanted;
    Runs *runs;
    Pending pending; /* not yet written, for its copies may follow; none if it has no copies */
} Search;

/* So many windows of a run, from one on. */
static Run describe(const Search *search, const Pending *run, size_t first, size_t windows)
{
    const Tokens *tokens = search->tokens;
    size_t behind = first + search->sampling->length, end = behind + windows - 1;
    Span content = content_of(tokens, first, end);
    Digest digest = digest_bytes(content.bytes, content.length);
    return (Run){
        .key = mix64(run->hash),
        .first = digest.first,
        .second = digest.second,
        .begin = (uint32_t)begin_of(tokens, first),
        .behind = (uint32_t)begin_of(tokens, behind),
        .end = (uint32_t)end_of(tokens, end - 1 + (run->copies - 1) * run->windows),
        .copies = (uint32_t)run->copies,
    };
}

static Status put_run(Search *search, const Pending *run, size_t first, size_t windows)
{
    Runs *runs = search->runs;
    Status status = grow(&runs->memory, runs->count + 1, sizeof(Run));
    if (status != KERNEL_OK)
        return status;
    Run *made = (Run *)runs->memory.items + runs->count++;
    *made = describe(search, run, first, windows);
    if (search->mode == SOME_RUNS)
        made->behind = (uint32_t)begin_of(search->tokens, first + search->sampling->length + windows - 1);
    return KERNEL_OK;
}

static int is_wanted(Search *search, size_t begin)
{
    Wanted *wanted = &search->wanted;
    if (search->mode == ALL_RUNS)
        return 1;
    for (; wanted->count && wanted->begins[0] < begin; wanted->count--)
        wanted->begins++;
    return wanted->count && wanted->begins[0] == begin;
}

static Status write_pending(Search *search)
{
    const Pending *run = &search->pending;
    Status status = KERNEL_OK;
    if (run->copies == 0 || !is_wanted(search, begin_of(search->tokens, run->first)))
        return status;
    if (search->mode != WINDOWS_OF_SOME)
        return put_run(search, run, run->first, run->windows);
    for (size_t i = 0; i < run->windows && status == KERNEL_OK; i++)
        status = put_run(search, run, run->first + i, 1);
    return status;
}

/* Whether a run has the tokens of the one before. */
static int is_copy(const Search *search, const Pending *next)
{
    const Pending *run = &search->pending;
    if (run->copies == 0 || run->hash != next->hash || run->windows != next->windows)
        return 0;
    size_t tokens = run->windows + search->sampling->length - 1;
    Span before = content_of(search->tokens, run->first, run->first + tokens);
    Span after = content_of(search->tokens, next->first, next->first + tokens);
    return before.length == after.length && !memcmp(before.bytes, after.bytes, after.length);
}

static Status add_run(Search *search, const Pending *next)
{
    if (is_copy(search, next)) {
        search->pending.copies++;
        return KERNEL_OK;
    }
    Status status = write_pending(search);
    search->pending = *next;
    return status;
}

/* The runs of one text. */
static Status find_runs(Search *search, Grams grams)
{
    const Sampling *sampling = search->sampling;
    if (search->tokens->count < sampling->length)
        return KERNEL_OK;
    size_t width = sampling->length - sampling->gram + 1, windows = search->tokens->count - sampling->length + 1;
    size_t anchor = 0, begun = 0;
    uint64_t hash = 0;
    Status status = KERNEL_OK;
    for (size_t window = 0; window < windows && status == KERNEL_OK; window++) {
        size_t newest = window + width - 1, found = anchor;
        if (newest >= grams.filled)
            fill_grams(sampling, search->tokens, window, &grams);
        const uint64_t *hashes = grams.hashes + (window - grams.base);
        if (window == 0 || anchor < window)
            found = window + lowest(hashes, width);
        else if (hashes[width - 1] < hash)
            found = newest;
        if (window && found != anchor) {
            status = add_run(search, &(Pending){begun, window - begun, 1, anchor, hash});
            begun = window;
        }
        anchor = found;
        hash = hashes[found - window];
    }
    if (status == KERNEL_OK)
        status = add_run(search, &(Pending){begun, windows - begun, 1, anchor, hash});
    return status == KERNEL_OK ? write_pending(search) : status;
}

/* Which runs of all texts are wanted. */
typedef struct {
    Mode mode;
    const int64_t *offsets; /* where those of each text begin; NULL if all are */
    const uint32_t *begins;
    size_t count;
} AllWanted;

static Status wanted_of(const AllWanted *all, size_t text, Wanted *wanted)
{
    *wanted = (Wanted){NULL, 0};
    if (all->mode == ALL_RUNS)
        return KERNEL_OK;
    int64_t begin = all->offsets[text], end = all->offsets[text + 1];
    if (begin < 0 || end < begin || (uint64_t)end > all->count)
        return KERNEL_BAD_INDEX;
    *wanted = (Wanted){all->begins + begin, (size_t)(end - begin)};
    return KERNEL_OK;
}

/* The runs of all texts, and where those of each begin. */
static Status find_all_runs(const LargeArray *texts, const Sampling *sampling, const AllWanted *all, Runs *runs,
                            int64_t *offsets)
{
    Tokens tokens = {0};
    Grams grams = {.room = sampling->length - sampling->gram + 1 + GRAM_BLOCK};
    grams.hashes = malloc(grams.room * sizeof(uint64_t));
    Status status = grams.hashes ? KERNEL_OK : KERNEL_NO_MEMORY;
    offsets[0] = 0;
    for (size_t i = 0; i < texts->length && status == KERNEL_OK; i++) {
        Row row;
        Search search = {.sampling = sampling, .tokens = &tokens, .mode = all->mode, .runs = runs};
        status = find_row(texts, i, &row);
        Span text = {texts->items + row.begin, row.count};
        if (status == KERNEL_OK)
            status = wanted_of(all, i, &search.wanted);
        int is_passed_over = is_too_long(text) || (all->mode != ALL_RUNS && !search.wanted.count);
        if (status == KERNEL_OK && !is_passed_over)
            status = read_tokens(sampling->classes, text, sampling->kind, &tokens);
        if (status == KERNEL_OK && !is_passed_over)
            status = find_runs(&search, grams);
        offsets[i + 1] = (int64_t)runs->count;
    }
    free(grams.hashes);
    free_tokens(&tokens);
    return status;
}

#endif
