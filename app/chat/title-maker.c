#include "chat/title-maker.h"

#include "plain-text.h"
#include "chat/reasoning.h"
#include "chat/title-request.h"

#include <string.h>

#define MAX_CHARS  60
/* Of a conversation that has no title yet. */
#define MAX_TRIES  2
#define TRIES      "title-tries"
#define MAX_TOKENS 256 /* a model that thinks first may take so many */

struct _RiposteTitleMaker
{
  GObject parent;

  RiposteGenerator *generator;
  GPtrArray *watched; /* not owned: those that live */
  GQueue waiting;     /* of RiposteConversation, for a title */

  RiposteGeneration *generation; /* for the first of these */
  GString *text;
};

G_DEFINE_FINAL_TYPE (RiposteTitleMaker, riposte_title_maker, G_TYPE_OBJECT)

/* ---- the title in an answer ---- */

static gboolean
strip_pair (char *line, const char *open, const char *close)
{
  gsize length = strlen (line);

  if (length < strlen (open) + strlen (close) || !g_str_has_prefix (line, open) || !g_str_has_suffix (line, close))
    return FALSE;
  line[length - strlen (close)] = '\0';
  memmove (line, line + strlen (open), length - strlen (open) - strlen (close) + 1);
  g_strstrip (line);
  return TRUE;
}

/* “Title:”, in whatever language. */
static gboolean
strip_label (char *line)
{
  gsize n;
  const RiposteTitleRequest *requests = riposte_title_requests (&n);
  g_autofree char *folded = g_utf8_casefold (line, -1);

  for (gsize i = 0; i < n; i++)
    {
      g_autofree char *label = g_utf8_casefold (requests[i].label, -1);
      gsize length = strlen (requests[i].label);

      if (!g_str_has_prefix (folded, label))
        continue;
      memmove (line, line + length, strlen (line + length) + 1);
      g_strstrip (line);
      return TRUE;
    }
  return FALSE;
}

/* Markdown, quotation marks and “Title:” around a title. */
static void
undress (char *line)
{
  static const char *const pairs[][2]
    = { { "**", "**" }, { "*", "*" }, { "`", "`" },   { "\"", "\"" }, { "“", "”" },  { "„", "“" },
        { "«", "»" },   { "'", "'" }, { "「", "」" }, { "『", "』" }, { "《", "》" } };
  gboolean again = TRUE;

  while (again)
    {
      again = strip_label (line);
      for (gsize n = strlen (line); n && line[n - 1] == '.'; n--)
        line[n - 1] = '\0';
      while (*line == '#' || *line == ' ')
        memmove (line, line + 1, strlen (line));
      for (gsize i = 0; i < G_N_ELEMENTS (pairs); i++)
        again |= strip_pair (line, pairs[i][0], pairs[i][1]);
    }
}

/* A line that says that a title comes, or is none. */
static gboolean
is_beside_it (const char *line)
{
  return !*line || g_str_has_suffix (line, ":") || g_str_has_prefix (line, "```") || g_str_has_prefix (line, "---");
}

/* Whether @text has no word but those of @others. */
static gboolean
has_only_words_of (const char *text, const char *others)
{
  static const char separators[] = " .,:;!?\"“”'’()";
  g_auto (GStrv) words = g_strsplit_set (text, separators, -1);
  g_auto (GStrv) known = g_strsplit_set (others, separators, -1);

  for (char **word = words; *word; word++)
    if (!g_strv_contains ((const char *const *)known, *word))
      return FALSE;
  return TRUE;
}

/* Small models say again what they were told, more or less. */
static gboolean
is_request (const char *line)
{
  gsize n;
  const RiposteTitleRequest *requests = riposte_title_requests (&n);
  g_autofree char *folded = g_utf8_casefold (line, -1);

  for (gsize i = 0; i < n; i++)
    {
      g_autofree char *request = g_utf8_casefold (requests[i].request, -1);
      g_autofree char *more = g_strconcat (request, " here here's is your our chat", NULL);

      if (strstr (request, folded) || has_only_words_of (folded, more))
        return TRUE;
    }
  return FALSE;
}

char *
riposte_title_in_answer (const char *text, gboolean done)
{
  g_autofree char *said = riposte_reasoning_dup_said (text);
  g_auto (GStrv) lines = g_strsplit (said, "\n", -1);

  for (gsize i = 0; lines[i]; i++)
    {
      if (!done && !lines[i + 1])
        return NULL;
      if (is_beside_it (g_strstrip (lines[i])))
        continue;
      undress (lines[i]);
      if (*lines[i] && !is_request (lines[i]))
        return g_utf8_strlen (lines[i], -1) <= MAX_CHARS ? riposte_title_of_text (lines[i], MAX_CHARS) : NULL;
    }
  return NULL;
}

/* ---- asking for it ---- */

static void start_next (RiposteTitleMaker *self);

static gboolean
is_anything_busy (RiposteTitleMaker *self)
{
  for (guint i = 0; i < self->watched->len; i++)
    if (riposte_conversation_get_busy (self->watched->pdata[i]))
      return TRUE;
  return FALSE;
}

/* Its answer ended by itself: who stopped one wants quiet, and may have another. */
static gboolean
wants_title (RiposteConversation *conversation)
{
  RiposteMessage *last = riposte_conversation_get_last (conversation);

  return !riposte_conversation_get_busy (conversation) && riposte_conversation_is_untitled (conversation) && last
         && riposte_message_get_role (last) == RIPOSTE_ROLE_ASSISTANT
         && riposte_message_get_state (last) == RIPOSTE_MESSAGE_DONE && *riposte_message_get_said (last)
         && GPOINTER_TO_UINT (g_object_get_data (G_OBJECT (conversation), TRIES)) < MAX_TRIES;
}

static void
forget_generation (RiposteTitleMaker *self)
{
  if (!self->generation)
    return;
  g_signal_handlers_disconnect_by_data (self->generation, self);
  riposte_generation_cancel (self->generation);
  g_clear_object (&self->generation);
}

/* The first of those that wait has had its turn. */
static void
finish (RiposteTitleMaker *self, const char *title)
{
  g_autoptr (RiposteConversation) conversation = g_queue_pop_head (&self->waiting);
  guint n_tries = GPOINTER_TO_UINT (g_object_get_data (G_OBJECT (conversation), TRIES));

  g_object_set_data (G_OBJECT (conversation), TRIES, GUINT_TO_POINTER (n_tries + 1));
  forget_generation (self);
  if (title)
    riposte_conversation_set_title (conversation, title);
  start_next (self);
}

static void
on_text (RiposteTitleMaker *self, const char *text)
{
  g_autofree char *title = NULL, *said = NULL;

  g_string_append (self->text, text);
  title = riposte_title_in_answer (self->text->str, FALSE);
  said = riposte_reasoning_dup_said (self->text->str);
  if (title || g_utf8_strlen (said, -1) > 4 * MAX_CHARS
      || riposte_generation_get_info (self->generation)->n_written > MAX_TOKENS)
    finish (self, title);
}

static void
on_ended (RiposteTitleMaker *self)
{
  const RiposteGenerationInfo *info = riposte_generation_get_info (self->generation);
  gboolean done = !riposte_generation_get_error (self->generation) && info->stop != RP_STOP_CANCELLED;
  g_autofree char *title = done ? riposte_title_in_answer (self->text->str, TRUE) : NULL;

  finish (self, title);
}

/* One that thinks first has to begin with that. */
static gboolean
thinks (RiposteMessage *answer)
{
  return strcmp (riposte_message_get_said (answer), riposte_message_get_text (answer)) != 0;
}

static void
ask (RiposteTitleMaker *self, RiposteConversation *conversation)
{
  RiposteMessage *first = riposte_conversation_get_messages (conversation)->pdata[0];
  const RiposteTitleRequest *request = riposte_title_request_for (riposte_message_get_text (first));

  self->generation = riposte_conversation_make_prompt (conversation, request->request);
  if (!thinks (riposte_conversation_get_last (conversation)))
    riposte_generation_set_begun (self->generation, request->label);
  g_signal_connect_object (self->generation, "text", G_CALLBACK (on_text), self, G_CONNECT_SWAPPED);
  g_signal_connect_object (self->generation, "ended", G_CALLBACK (on_ended), self, G_CONNECT_SWAPPED);
  g_string_truncate (self->text, 0);
  riposte_generator_generate (self->generator, self->generation);
}

static void
start_next (RiposteTitleMaker *self)
{
  RiposteConversation *conversation;

  while (!self->generation && !is_anything_busy (self) && (conversation = g_queue_peek_head (&self->waiting)))
    if (wants_title (conversation) && riposte_generator_is_local (self->generator)
        && riposte_generator_get_state (self->generator) == RIPOSTE_GENERATOR_READY)
      ask (self, conversation);
    else
      g_object_unref (g_queue_pop_head (&self->waiting));
}

static void
on_busy (RiposteTitleMaker *self, GParamSpec *pspec, RiposteConversation *conversation)
{
  if (riposte_conversation_get_busy (conversation))
    {
      forget_generation (self); /* and ask again later: it is the first that waits still */
      return;
    }
  if (wants_title (conversation) && !g_queue_find (&self->waiting, conversation))
    g_queue_push_tail (&self->waiting, g_object_ref (conversation));
  start_next (self);
}

static void
on_gone (gpointer data, GObject *conversation)
{
  RiposteTitleMaker *self = data;

  g_ptr_array_remove_fast (self->watched, conversation);
}

void
riposte_title_maker_watch (RiposteTitleMaker *self, RiposteConversation *conversation)
{
  if (g_ptr_array_find (self->watched, conversation, NULL))
    return;
  g_ptr_array_add (self->watched, conversation);
  g_object_weak_ref (G_OBJECT (conversation), on_gone, self);
  g_signal_connect_object (conversation, "notify::busy", G_CALLBACK (on_busy), self, G_CONNECT_SWAPPED);
}

/* ---- object ---- */

static void
riposte_title_maker_init (RiposteTitleMaker *self)
{
  self->watched = g_ptr_array_new ();
  self->text = g_string_new (NULL);
  g_queue_init (&self->waiting);
}

static void
riposte_title_maker_dispose (GObject *object)
{
  RiposteTitleMaker *self = RIPOSTE_TITLE_MAKER (object);

  forget_generation (self);
  g_queue_clear_full (&self->waiting, g_object_unref);
  for (guint i = 0; i < self->watched->len; i++)
    g_object_weak_unref (self->watched->pdata[i], on_gone, self);
  g_ptr_array_set_size (self->watched, 0);
  g_clear_object (&self->generator);
  G_OBJECT_CLASS (riposte_title_maker_parent_class)->dispose (object);
}

static void
riposte_title_maker_finalize (GObject *object)
{
  RiposteTitleMaker *self = RIPOSTE_TITLE_MAKER (object);

  g_ptr_array_unref (self->watched);
  g_string_free (self->text, TRUE);
  G_OBJECT_CLASS (riposte_title_maker_parent_class)->finalize (object);
}

static void
riposte_title_maker_class_init (RiposteTitleMakerClass *klass)
{
  G_OBJECT_CLASS (klass)->dispose = riposte_title_maker_dispose;
  G_OBJECT_CLASS (klass)->finalize = riposte_title_maker_finalize;
}

RiposteTitleMaker *
riposte_title_maker_new (RiposteGenerator *generator)
{
  RiposteTitleMaker *self = g_object_new (RIPOSTE_TYPE_TITLE_MAKER, NULL);

  self->generator = g_object_ref (generator);
  return self;
}
