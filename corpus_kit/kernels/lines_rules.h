/* What rules do to one line: measuring it, finding flaws, editing it, in their order. */

#ifndef CORPUS_KIT_LINES_RULES_H
#define CORPUS_KIT_LINES_RULES_H

#include "lines_edits.h"
#include "lines_seen.h"

#define UNLIMITED ((double)(SIZE_MAX / 4)) /* from here on, a bound is none */

/* In the order of corpus_kit.kernels.lines.OPERATIONS. */
typedef enum {
    WORD_COUNT,
    LONGEST_WORD,
    ALPHABETIC_TOKEN_COUNT,
    LONG_TOKEN_COUNT,
    UPPERCASE_FRACTION,
    DIGIT_FRACTION,
    TITLE_WORD_FRACTION,
    CHARACTER_COUNT,
    NO_END_MARK,
    CONTAINS,
    ONLY_SYMBOLS,
    COUNTER,
    REPEATED,
    CUT_CITATIONS,
    CUT_PHRASES,
    CUT_AFTER_LAST_MARK,
    COLLAPSE_SPACES,
    OPERATION_COUNT
} Operation;

typedef struct {
    Operation operation;
    int is_on, low_is_open, high_is_open, leaves_blank_line;
    Where where;
    double low, high;      /* of the measure; for flaws and edits, of the words of lines they look at */
    Spans strings, others; /* phrases, marks, characters, words to ignore; and endings that do not count */
    const Range *ranges;
    size_t range_count;
    Matcher *matcher; /* of the phrases, where case does not matter */
    Seen *seen;
} Rule;

/* What one thread needs to clean texts. */
typedef struct {
    Letters letters;
    Scratch line;         /* the line, once it is edited */
    Scratch lowered_line; /* the line in lower case */
    Span lowered;         /* in there, once it was asked for; else of no length */
    int is_line_odd;      /* whether the line is_oddly_cased, or -1 */
    int is_odd;           /* whether some line of this text may be */
    uint8_t *idle;        /* for each rule, whether this text cannot concern it */
    int by_paragraph;
} Cleaner;

/* One line as rules have left it so far. */
typedef struct {
    Span core;
    int is_edited, has_margins;
} Line;

ALWAYS_INLINE int is_within(const Rule *rule, double value)
{
    return (rule->low_is_open ? value > rule->low : value >= rule->low) &&
           (rule->high_is_open ? value < rule->high : value <= rule->high);
}

/* How far must be counted to know on which side of the bounds a number lies. */
static size_t count_limit(const Rule *rule)
{
    double bound = rule->high < UNLIMITED ? rule->high : rule->low;
    return bound < UNLIMITED && bound >= 0 ? (size_t)bound + 2 : bound < 0 ? 1 : SIZE_MAX;
}

/* Whether a rule with bounds for the words of lines looks at this one. */
static int looks_at(const Rule *rule, Span line)
{
    if (rule->low <= 0 && rule->high >= UNLIMITED)
        return 1;
    return is_within(rule, (double)count_words(line, count_limit(rule)));
}

/* Whether the fraction of a class is; most lines are far from the upper bound. */
static int is_class_within(const Rule *rule, Span line, Counted counted)
{
    if (rule->low <= 0 && !rule->low_is_open && is_within(rule, most_of_class(line, counted)))
        return 1;
    return is_within(rule, class_fraction(line, counted));
}

/* Whether a measure of the line is within the bounds. */
static int is_measured_well(const Rule *rule, Span line)
{
    size_t limit = count_limit(rule);
    switch (rule->operation) {
    case WORD_COUNT:
        return is_within(rule, (double)count_words(line, limit));
    case LONGEST_WORD:
        if (rule->low <= 0 && !rule->low_is_open && rule->high >= 2 && rule->high < UNLIMITED &&
            !may_have_longer_word(line, (size_t)rule->high - (size_t)rule->high_is_open))
            return 1;
        return is_within(rule, (double)longest_word(line, rule->strings));
    case ALPHABETIC_TOKEN_COUNT:
    case LONG_TOKEN_COUNT:
        return is_within(rule, (double)count_tokens(line, rule->operation == ALPHABETIC_TOKEN_COUNT, limit));
    case UPPERCASE_FRACTION:
        return is_class_within(rule, line, COUNT_UPPERCASE);
    case DIGIT_FRACTION:
        return is_class_within(rule, line, COUNT_DIGITS);
    case TITLE_WORD_FRACTION:
        return is_within(rule, title_word_fraction(line));
    default:
        return is_within(rule, (double)count_occurrences(line, rule->strings));
    }
}

/* Forgets what is known of the line, which is another now. */
ALWAYS_INLINE void forget_line(Cleaner *cleaner)
{
    cleaner->lowered.length = 0;
    cleaner->is_line_odd = cleaner->is_odd ? -1 : 0;
}

static Status lower_line(Cleaner *cleaner, Span line)
{
    if (cleaner->lowered.length)
        return KERNEL_OK;
    Status status = grow(&cleaner->lowered_line, line.length, 2);
    if (status == KERNEL_OK)
        cleaner->lowered = lower_span(line, cleaner->lowered_line.items);
    return status;
}

/* `*may` becomes whether the line may contain one of the rule's phrases where it looks for them. */
static Status look_for_phrases(Cleaner *cleaner, const Rule *rule, Span line, int *may)
{
    if (cleaner->is_line_odd < 0)
        cleaner->is_line_odd = may_be_oddly_cased(line.bytes, line.length) && is_oddly_cased(line);
    if (cleaner->is_line_odd) {
        Status status = lower_line(cleaner, line);
        if (status != KERNEL_OK)
            return status;
        line = cleaner->lowered;
    }
    if (rule->operation == CUT_PHRASES && rule->where != ANYWHERE)
        *may = may_have_at_edge(rule->matcher, line, rule->where == AT_END);
    else
        *may = may_contain(rule->matcher, line);
    return KERNEL_OK;
}

/* Whether the line has the flaw the rule is about. */
static Status find_flaw(Cleaner *cleaner, Rule *rule, Span line, int *found)
{
    Status status = KERNEL_OK;
    *found = 0;
    switch (rule->operation) {
    case NO_END_MARK:
        *found = !ends_in_mark(line, rule->strings, rule->others, rule->ranges, rule->range_count) &&
                 looks_at(rule, line);
        return KERNEL_OK;
    case CONTAINS:
        status = look_for_phrases(cleaner, rule, line, found);
        if (status == KERNEL_OK && (*found = *found && looks_at(rule, line)))
            status = lower_line(cleaner, line);
        *found = *found && status == KERNEL_OK && contains_phrase(rule->matcher, cleaner->lowered);
        return status;
    case ONLY_SYMBOLS:
        *found = is_only_of(line, rule->strings) && looks_at(rule, line);
        return KERNEL_OK;
    case COUNTER:
        if (!begins_with_digit(line) || !looks_at(rule, line))
            return KERNEL_OK;
        status = lower_line(cleaner, line);
        *found = status == KERNEL_OK && is_counter(cleaner->lowered, rule->strings);
        return status;
    default:
        return looks_at(rule, line) ? see(rule->seen, line, found) : KERNEL_OK;
    }
}

/* Whether there is nothing to collapse: all whitespace is single spaces between words. */
static int is_collapsed(Span line)
{
    size_t size;
    int after_space = 1;
    for (size_t at = 0; at < line.length; at += size ? size : 1) {
        size = 0;
        if (line.bytes[at] <= ' ' || line.bytes[at] >= 0xC2)
            size = space_at(line.bytes + at, line.length - at);
        if (size && (after_space || line.bytes[at] != ' '))
            return 0;
        after_space = size != 0;
    }
    return !after_space;
}

/* Edits code points and writes them back. A line that was edited before lies in `cleaner->line`, where the new one,
 * which is no longer, overwrites it. */
static Status edit_letters(Cleaner *cleaner, const Rule *rule, Line *line, size_t *pieces)
{
    Letters *letters = &cleaner->letters;
    Status status = read_letters(letters, line->core);
    if (status != KERNEL_OK)
        return status;
    if (rule->operation == CUT_PHRASES)
        cut_phrases(letters, rule->strings, rule->where, pieces);
    else if ((status = cut_citations(letters, rule->strings, pieces)) != KERNEL_OK)
        return status;
    if (*pieces && (status = grow(&cleaner->line, line->core.length, 1)) == KERNEL_OK)
        line->core = write_letters(letters, cleaner->line.items);
    return status;
}

/* Edits the line; `*pieces` becomes how many pieces were cut. */
static Status edit_line(Cleaner *cleaner, const Rule *rule, Line *line, size_t *pieces)
{
    Status status = KERNEL_OK;
    Span core = line->core;
    int may = 0;
    *pieces = 0;
    switch (rule->operation) {
    case CUT_CITATIONS:
        if (memchr(core.bytes, '[', core.length) && looks_at(rule, core))
            status = edit_letters(cleaner, rule, line, pieces);
        break;
    case CUT_PHRASES:
        status = look_for_phrases(cleaner, rule, core, &may);
        if (status == KERNEL_OK && may && looks_at(rule, core))
            status = edit_letters(cleaner, rule, line, pieces);
        break;
    case CUT_AFTER_LAST_MARK:
        if (looks_at(rule, core))
            line->core.length = last_mark_end(core, rule->strings);
        *pieces = line->core.length < core.length;
        break;
    default:
        if ((!line->has_margins && is_collapsed(core)) || !looks_at(rule, core))
            break;
        if ((status = grow(&cleaner->line, core.length, 1)) == KERNEL_OK)
            line->core = collapse_spaces(core, cleaner->line.items);
        line->has_margins = 0;
        *pieces = 1;
    }
    if (*pieces) {
        line->is_edited = 1;
        forget_line(cleaner);
    }
    return status;
}

/* Runs the rules over one line, in their order. `*remover` becomes the rule that removed it, or NULL. */
static Status judge(Cleaner *cleaner, Rule *rules, size_t rule_count, Line *line, int64_t *places, size_t stride,
                    const Rule **remover)
{
    *remover = NULL;
    forget_line(cleaner);
    for (size_t i = 0; i < rule_count; i++) {
        Rule *rule = &rules[i];
        if (cleaner->idle[i])
            continue;
        size_t pieces = 0;
        int goes = 0;
        Status status = KERNEL_OK;
        if (rule->operation <= CHARACTER_COUNT)
            pieces = (size_t)(goes = !is_measured_well(rule, line->core));
        else if (rule->operation <= REPEATED) {
            status = find_flaw(cleaner, rule, line->core, &goes);
            pieces = (size_t)goes;
        } else {
            status = edit_line(cleaner, rule, line, &pieces);
            goes = line->core.length == 0;
        }
        if (status != KERNEL_OK)
            return status;
        places[i * stride] += (int64_t)pieces;
        if (goes) {
            *remover = rule;
            return KERNEL_OK;
        }
    }
    return KERNEL_OK;
}

/* Finds the rules that cannot concern a text, by a look at all of it, and makes the others forget the text before. */
static void prepare(Cleaner *cleaner, Rule *rules, size_t rule_count, Span text)
{
    int looked = 0;
    cleaner->is_odd = 0;
    for (size_t i = 0; i < rule_count; i++) {
        Rule *rule = &rules[i];
        uint8_t *idle = &cleaner->idle[i];
        *idle = !rule->is_on;
        if (*idle)
            continue;
        if (rule->seen)
            next_text(rule->seen);
        if ((rule->operation == CONTAINS || rule->operation == CUT_PHRASES) && !looked) {
            cleaner->is_odd = may_be_oddly_cased(text.bytes, text.length);
            looked = 1;
        }
        if (rule->operation == CONTAINS || (rule->operation == CUT_PHRASES && rule->where == ANYWHERE))
            *idle = !cleaner->is_odd && !may_contain(rule->matcher, text);
        else if (rule->operation == CUT_CITATIONS)
            *idle = !memchr(text.bytes, '[', text.length);
        else if (rule->operation == CHARACTER_COUNT && is_within(rule, 0)) {
            *idle = 1;
            for (size_t k = 0; k < rule->strings.count && *idle; k++)
                *idle = !has_part(text, rule->strings.items[k]);
        }
    }
}

#endif
