#include "generate/measure.h"

#include "chat/reasoning.h"

#include <string.h>

/* A prompt that fills the context to the last token leaves nothing to answer with. */
static guint
room_for_answer (guint n_context)
{
  return MIN (n_context / 4, 512);
}

static gboolean
is_role (RiposteGeneration *prompt, guint index, const char *role)
{
  return index < riposte_generation_get_n_turns (prompt)
         && g_str_equal (riposte_generation_get_turn (prompt, index).role, role);
}

static RpChatMessage *
collect_turns (RiposteGeneration *prompt, guint n_left_out, guint *n)
{
  guint n_turns = riposte_generation_get_n_turns (prompt);
  guint n_system = is_role (prompt, 0, "system");
  RpChatMessage *turns = g_new (RpChatMessage, n_turns + 1);

  *n = 0;
  for (guint i = 0; i < n_turns; i++)
    if (i < n_system || i >= n_system + n_left_out)
      turns[(*n)++] = riposte_generation_get_turn (prompt, i);
  return turns;
}

/* What the answer goes on from, but for what the template has begun of it. Only a text with marks of thinking has
 * control tokens. */
static gboolean
append_begun (RpModel *model, const char *begun, const char *opened, GArray *tokens, GError **error)
{
  g_autofree char *said = riposte_reasoning_dup_said (begun);
  gboolean has_marks = strcmp (said, begun) != 0;
  g_autoptr (GArray) more = NULL;

  if (opened && g_str_has_prefix (begun, opened))
    begun += strlen (opened);
  if (!*begun)
    return TRUE;
  more = rp_model_tokenize (model, begun, -1, FALSE, has_marks, error);
  if (more)
    g_array_append_vals (tokens, more->data, more->len);
  return more != NULL;
}

static GArray *
render_turns (RpModel *model,
              RiposteGeneration *prompt,
              guint n_left_out,
              gboolean *plain,
              char **opened,
              GError **error)
{
  guint n;
  g_autofree RpChatMessage *turns = collect_turns (prompt, n_left_out, &n);
  g_autoptr (GError) local = NULL;
  g_autofree char *text = NULL;
  GArray *tokens = rp_model_chat_tokens (model, turns, n, 0, &text, &local);

  if (plain)
    *plain = FALSE;
  if (tokens)
    {
      if (opened)
        *opened = g_strdup (riposte_reasoning_find_opened (text));
      return tokens;
    }
  if (!g_error_matches (local, RP_ERROR, RP_ERROR_TEMPLATE))
    {
      g_propagate_error (error, g_steal_pointer (&local));
      return NULL;
    }
  if (plain)
    *plain = TRUE;
  text = rp_chat_plain_prompt (turns, n, 0);
  return rp_model_tokenize (model, text, -1, TRUE, FALSE, error);
}

GArray *
riposte_prompt_tokens (RpModel *model,
                       RiposteGeneration *prompt,
                       guint n_left_out,
                       gboolean *plain,
                       char **opened,
                       GError **error)
{
  g_autofree char *own = NULL;
  const char *begun = riposte_generation_get_begun (prompt);
  GArray *tokens = render_turns (model, prompt, n_left_out, plain, &own, error);

  if (tokens && begun && !append_begun (model, begun, own, tokens, error))
    g_clear_pointer (&tokens, g_array_unref);
  if (opened)
    *opened = begun ? NULL : g_steal_pointer (&own); /* it is there already */
  return tokens;
}

static gboolean
count (RpModel *model, RiposteGeneration *prompt, guint n_left_out, guint *n_tokens, GError **error)
{
  g_autoptr (GArray) tokens = riposte_prompt_tokens (model, prompt, n_left_out, NULL, NULL, error);

  if (tokens)
    *n_tokens = tokens->len;
  return tokens != NULL;
}

/* Where a conversation may begin: before each of its questions. Templates want them to take turns. */
static GArray *
find_beginnings (RiposteGeneration *prompt)
{
  GArray *beginnings = g_array_new (FALSE, FALSE, sizeof (guint));
  guint n_system = is_role (prompt, 0, "system");

  for (guint i = n_system; i < riposte_generation_get_n_turns (prompt); i++)
    if (is_role (prompt, i, "user"))
      {
        guint n_left_out = i - n_system;
        g_array_append_val (beginnings, n_left_out);
      }
  return beginnings;
}

/* By halves: every try renders the conversation. */
static gboolean
find_left_out (RpModel *model, RiposteGeneration *prompt, guint room, RiposteMeasure *measure, GError **error)
{
  g_autoptr (GArray) beginnings = find_beginnings (prompt);
  guint low = 0, high = beginnings->len;

  measure->n_left_out = G_MAXUINT;
  while (low < high)
    {
      guint middle = (low + high) / 2, n_tokens;

      if (!count (model, prompt, g_array_index (beginnings, guint, middle), &n_tokens, error))
        return FALSE;
      if (n_tokens <= room)
        {
          measure->n_left_out = g_array_index (beginnings, guint, middle);
          measure->n_kept_tokens = n_tokens;
          high = middle;
        }
      else
        low = middle + 1;
    }
  return TRUE;
}

gboolean
riposte_measure_prompt (RpModel *model,
                        guint n_context,
                        RiposteGeneration *prompt,
                        RiposteMeasure *measure,
                        GError **error)
{
  guint room = n_context - room_for_answer (n_context);

  *measure = (RiposteMeasure){ .n_context = n_context };
  if (riposte_generation_get_n_turns (prompt) == 0)
    return TRUE;
  if (!count (model, prompt, 0, &measure->n_tokens, error))
    return FALSE;
  measure->n_kept_tokens = measure->n_tokens;
  return measure->n_tokens <= room || find_left_out (model, prompt, room, measure, error);
}
