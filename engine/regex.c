#include "regex.h"

#include <string.h>

#include "regex-syntax.h"
#include "riposte-engine.h"

#define MAX_SETS   64
#define MAX_STATES 0x4000
#define MATCHED    0x8000 /* a bit beside the next state: what came before the character is a match */

enum
{
  STATE_DEAD,
  STATE_START,
};

struct _RpRegex
{
  /* Characters that no set tells apart are one class. A set may name ranges and categories, so a class is found by the
   * range and the category that a character is in. */
  guint8 ascii[128];
  GArray *range_starts; /* gunichar, ascending from 0 */
  guint8 *classes;      /* [ranges][RP_N_CATEGORIES] */
  guint n_classes;      /* the end of the text is one more */
  guint16 *next;        /* [states][n_classes + 1]: a state and perhaps MATCHED */
};

/* ---- classes of characters ---- */

static int
compare_characters (gconstpointer a, gconstpointer b)
{
  gunichar x = *(const gunichar *)a, y = *(const gunichar *)b;

  return (x > y) - (x < y);
}

static GArray *
find_range_starts (const RpSyntax *syntax)
{
  GArray *starts = g_array_new (FALSE, FALSE, sizeof (gunichar));
  gunichar zero = 0;
  guint n = 0;

  g_array_append_val (starts, zero);
  for (guint i = 0; i < syntax->sets->len; i++)
    {
      const GArray *terms = g_array_index (syntax->sets, RpSet, i).terms;

      for (guint j = 0; j < terms->len; j++)
        {
          RpSetTerm term = g_array_index (terms, RpSetTerm, j);
          gunichar after = term.last + 1;

          if (term.categories)
            continue;
          g_array_append_val (starts, term.first);
          g_array_append_val (starts, after);
        }
    }
  g_array_sort (starts, compare_characters);
  for (guint i = 0; i < starts->len; i++)
    if (n == 0 || g_array_index (starts, gunichar, i) != g_array_index (starts, gunichar, n - 1))
      g_array_index (starts, gunichar, n++) = g_array_index (starts, gunichar, i);
  g_array_set_size (starts, n);
  return starts;
}

static guint
find_class (const RpRegex *self, gunichar c)
{
  const gunichar *starts = (const gunichar *)self->range_starts->data;
  guint low = 0, high = self->range_starts->len;

  while (high - low > 1)
    {
      guint middle = (low + high) / 2;

      if (starts[middle] <= c)
        low = middle;
      else
        high = middle;
    }
  return self->classes[low * RP_N_CATEGORIES + rp_unicode_category (c)];
}

/* Fills in the classes, and @members: the sets that each class is in, a bit a set. */
static gboolean
classify (RpRegex *self, const RpSyntax *syntax, GArray *members)
{
  self->range_starts = find_range_starts (syntax);
  self->classes = g_new (guint8, self->range_starts->len * RP_N_CATEGORIES);
  for (guint r = 0; r < self->range_starts->len; r++)
    for (guint category = 0; category < RP_N_CATEGORIES; category++)
      {
        gunichar c = g_array_index (self->range_starts, gunichar, r);
        guint64 sets = 0;
        guint cls = 0;

        for (guint i = 0; i < syntax->sets->len; i++)
          sets |= (guint64)rp_syntax_set_has (syntax, i, c, category) << i;
        while (cls < members->len && g_array_index (members, guint64, cls) != sets)
          cls++;
        if (cls == members->len)
          g_array_append_val (members, sets);
        self->classes[r * RP_N_CATEGORIES + category] = cls;
      }
  self->n_classes = members->len;
  for (gunichar c = 0; c < G_N_ELEMENTS (self->ascii) && self->n_classes < 256; c++)
    self->ascii[c] = find_class (self, c);
  return self->n_classes < 256;
}

/* ---- from the tree to a nondeterministic automaton ---- */

typedef enum
{
  STEP_SET,   /* a character of the set, then a */
  STEP_AHEAD, /* a, unless the next character is of the set */
  STEP_SPLIT, /* a, else b */
  STEP_MATCH,
} StepKind;

typedef struct
{
  StepKind kind;
  int set, a, b;
} Step;

typedef struct
{
  const RpSyntax *syntax;
  GArray *members; /* guint64 */
  GArray *steps;   /* Step */

  guint8 *seen;       /* [steps] */
  GArray *threads;    /* int, the best first: the steps that a state stands for */
  GHashTable *states; /* GBytes of threads -> state */
  GPtrArray *todo;    /* the same, by state */
} Builder;

static int
add_step (Builder *builder, StepKind kind, int set, int a, int b)
{
  Step step = { kind, set, a, b };

  g_array_append_val (builder->steps, step);
  return builder->steps->len - 1;
}

/* The step at which @node begins, when @then follows it. */
static int
build (Builder *builder, int index, int then)
{
  const RpNode *node = &g_array_index (builder->syntax->nodes, RpNode, index);
  int end = then, loop;

  switch (node->kind)
    {
    case RP_NODE_EMPTY:
      return then;
    case RP_NODE_SET:
      return add_step (builder, STEP_SET, node->set, then, -1);
    case RP_NODE_AHEAD:
      return add_step (builder, STEP_AHEAD, node->set, then, -1);
    case RP_NODE_CAT:
      return build (builder, node->a, build (builder, node->b, then));
    case RP_NODE_ALT:
      loop = build (builder, node->a, then);
      return add_step (builder, STEP_SPLIT, -1, loop, build (builder, node->b, then));
    case RP_NODE_REPEAT:
      if (node->max < 0)
        {
          then = add_step (builder, STEP_SPLIT, -1, -1, end);
          loop = build (builder, node->a, then);
          g_array_index (builder->steps, Step, then).a = loop;
        }
      for (int i = node->min; i < node->max; i++)
        then = add_step (builder, STEP_SPLIT, -1, build (builder, node->a, then), end);
      for (int i = 0; i < node->min; i++)
        then = build (builder, node->a, then);
      return then;
    }
  g_assert_not_reached ();
}

/* ---- and on to a deterministic one ---- */

static gboolean
is_member (const Builder *builder, int set, guint cls)
{
  return cls < builder->members->len && (g_array_index (builder->members, guint64, cls) >> set & 1) != 0;
}

/* Follows a thread over a character of the cls, or the end. TRUE at a match: what is less preferred than that is then
 * of no use. */
static gboolean
follow (Builder *builder, int index, guint cls, GArray *threads)
{
  const Step *step = &g_array_index (builder->steps, Step, index);

  if (builder->seen[index])
    return FALSE;
  builder->seen[index] = TRUE;
  switch (step->kind)
    {
    case STEP_SPLIT:
      return follow (builder, step->a, cls, threads) || follow (builder, step->b, cls, threads);
    case STEP_AHEAD:
      return !is_member (builder, step->set, cls) && follow (builder, step->a, cls, threads);
    case STEP_SET:
      if (!is_member (builder, step->set, cls))
        return FALSE;
      for (guint i = 0; i < threads->len; i++)
        if (g_array_index (threads, int, i) == step->a)
          return FALSE;
      g_array_append_val (threads, step->a);
      return FALSE;
    case STEP_MATCH:
      return TRUE;
    }
  g_assert_not_reached ();
}

static guint
state_of (Builder *builder, const GArray *threads)
{
  GBytes *key = g_bytes_new (threads->data, threads->len * sizeof (int));
  gpointer state;

  if (g_hash_table_lookup_extended (builder->states, key, NULL, &state))
    {
      g_bytes_unref (key);
      return GPOINTER_TO_UINT (state);
    }
  g_hash_table_insert (builder->states, key, GUINT_TO_POINTER (builder->todo->len));
  g_ptr_array_add (builder->todo, key);
  return builder->todo->len - 1;
}

static guint16
make_transition (Builder *builder, const GBytes *from, guint cls)
{
  gsize size;
  const int *threads = g_bytes_get_data ((GBytes *)from, &size);
  gboolean matched = FALSE;

  memset (builder->seen, 0, builder->steps->len);
  g_array_set_size (builder->threads, 0);
  for (gsize i = 0; i < size / sizeof (int) && !matched; i++)
    matched = follow (builder, threads[i], cls, builder->threads);
  return state_of (builder, builder->threads) | (matched ? MATCHED : 0);
}

static gboolean
determinize (RpRegex *self, Builder *builder)
{
  GArray *next = g_array_new (FALSE, FALSE, sizeof (guint16));
  int start = build (builder, builder->syntax->root, add_step (builder, STEP_MATCH, -1, -1, -1));

  builder->seen = g_new (guint8, builder->steps->len);
  state_of (builder, builder->threads); /* none: the dead state */
  g_array_append_val (builder->threads, start);
  state_of (builder, builder->threads);
  for (guint i = 0; i < builder->todo->len && builder->todo->len < MAX_STATES; i++)
    for (guint cls = 0; cls <= self->n_classes; cls++)
      {
        guint16 transition = make_transition (builder, g_ptr_array_index (builder->todo, i), cls);
        g_array_append_val (next, transition);
      }
  self->next = (guint16 *)g_array_free (next, FALSE);
  return builder->todo->len < MAX_STATES;
}

RpRegex *
rp_regex_new (const char *pattern, GError **error)
{
  g_autoptr (RpRegex) self = g_new0 (RpRegex, 1);
  RpSyntax syntax;
  Builder builder = { .syntax = &syntax };
  gboolean fits;

  if (!rp_syntax_parse (&syntax, pattern, error))
    return NULL;
  builder.members = g_array_new (FALSE, FALSE, sizeof (guint64));
  builder.steps = g_array_new (FALSE, FALSE, sizeof (Step));
  builder.threads = g_array_new (FALSE, FALSE, sizeof (int));
  builder.states = g_hash_table_new_full (g_bytes_hash, g_bytes_equal, (GDestroyNotify)g_bytes_unref, NULL);
  builder.todo = g_ptr_array_new ();
  fits = syntax.sets->len <= MAX_SETS && classify (self, &syntax, builder.members) && determinize (self, &builder);
  g_array_unref (builder.members);
  g_array_unref (builder.steps);
  g_array_unref (builder.threads);
  g_hash_table_unref (builder.states);
  g_ptr_array_unref (builder.todo);
  g_free (builder.seen);
  rp_syntax_clear (&syntax);
  if (fits)
    return g_steal_pointer (&self);
  g_set_error_literal (error, RP_ERROR, RP_ERROR_UNSUPPORTED, "A regular expression is too large");
  return NULL;
}

void
rp_regex_free (RpRegex *self)
{
  if (!self)
    return;
  g_clear_pointer (&self->range_starts, g_array_unref);
  g_free (self->classes);
  g_free (self->next);
  g_free (self);
}

/* ---- matching ---- */

static guint
read_class (const RpRegex *self, const char *text, gsize length, gsize *size)
{
  gunichar c = rp_unicode_read (text, length, size);

  return c < G_N_ELEMENTS (self->ascii) ? self->ascii[c] : find_class (self, c);
}

/* The end of the match that begins at start; start itself where there is none. */
static gsize
match_at (const RpRegex *self, const char *text, gsize start, gsize end)
{
  guint state = STATE_START;
  gsize found = start, size = 0;

  for (gsize at = start; state != STATE_DEAD; at += size)
    {
      guint cls = at < end ? read_class (self, text + at, end - at, &size) : self->n_classes;
      guint next = self->next[state * (self->n_classes + 1) + cls];

      if (next & MATCHED)
        found = at;
      state = next & ~MATCHED;
    }
  return found;
}

gboolean
rp_regex_match (const RpRegex *self, const char *text, gsize start, gsize end, gsize *from, gsize *to)
{
  guint width = self->n_classes + 1;
  gsize size;

  while (start < end)
    {
      guint cls, state;

      *to = match_at (self, text, start, end);
      *from = start;
      if (*to > start)
        return TRUE;
      cls = read_class (self, text + start, end - start, &size);
      start += size;
      /* Where more characters of this class leave the state as it is, beginning at the next of them goes through the
       * same states, to no match again. Without this a run of blanks could be read once from each of them. */
      state = self->next[STATE_START * width + cls] & ~MATCHED;
      if ((self->next[state * width + cls] & ~MATCHED) != state)
        continue;
      while (start < end && read_class (self, text + start, end - start, &size) == cls)
        start += size;
    }
  return FALSE;
}
