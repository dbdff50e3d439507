#include "chat/reasoning.h"

#include <string.h>

/* A longer header of a channel is none. */
#define MAX_HEADER 200

/* Marks around a thought; the first is only looked for where the text, or what follows a thought, begins. */
static const struct
{
  const char *begin, *end;
} pairs[] = {
  { "<think>", "</think>" },
  { "<thinking>", "</thinking>" },
  { "<seed:think>", "</seed:think>" },
  { "<mm:think>", "</mm:think>" },
  { "[THINK]", "[/THINK]" },
  { "<|START_THINKING|>", "<|END_THINKING|>" },
  { "<|channel>thought", "<channel|>" },
  { "<|think|>", "<|end|>" },
  { "◁think▷", "◁/think▷" },
  { "<thought>", "</thought>" },
  { "<|begin_of_thought|>", "<|end_of_thought|>" },
  { "<|inner_prefix|>", "<|inner_suffix|>" },
};

/* Around what is said, behind a thought: Granite's, Hunyuan's, OpenThinker's. */
static const struct
{
  const char *begin, *end;
} wraps[] = {
  { "<response>", "</response>" },
  { "<answer>", "</answer>" },
  { "<|begin_of_solution|>", "<|end_of_solution|>" },
};

/* Channels (OpenAI's harmony): "<|start|>assistant<|channel|>analysis<|message|>…<|end|>"; the channel "final" is what
 * is said. The answer may begin anywhere in the header. */
static const char *const header_begins[] = { "<|start|>", "<|channel|>", "<|message|>" };
static const char header_end[] = "<|message|>";
static const char *const message_ends[] = { "<|end|>", "<|return|>", "<|call|>", "<|start|>", "<|channel|>" };

static const char *const marks[] = { "<think>",
                                     "</think>",
                                     "<seed:think>",
                                     "</seed:think>",
                                     "<mm:think>",
                                     "</mm:think>",
                                     "[THINK]",
                                     "[/THINK]",
                                     "<|think|>",
                                     "<|channel>",
                                     "<channel|>",
                                     "<|START_THINKING|>",
                                     "<|start|>",
                                     "<|channel|>",
                                     "<|message|>",
                                     "<|END_THINKING|>",
                                     "<|end|>",
                                     "◁think▷",
                                     "◁/think▷",
                                     "<|begin_of_thought|>",
                                     "<|end_of_thought|>",
                                     "<|begin_of_solution|>",
                                     "<|end_of_solution|>",
                                     "<|inner_prefix|>",
                                     "<|inner_suffix|>",
                                     NULL };

typedef enum
{
  STATE_BEGIN, /* nothing but white space so far: a thought may begin */
  STATE_SAID,
  STATE_THOUGHT,
  STATE_HEADER, /* of a channel */
} State;

struct _RiposteReasoning
{
  GString *thought, *said;
  GString *pending; /* not decided yet */
  State state;
  const char *end;   /* of the thought that is open; NULL: one of message_ends */
  const char *wrap;  /* (nullable) what ends what is said, and is not said */
  gboolean channels; /* the text has them */
  gboolean was_open; /* some thought was begun by a mark */
  guint serial;
};

RiposteReasoning *
riposte_reasoning_new (void)
{
  RiposteReasoning *self = g_new0 (RiposteReasoning, 1);

  self->thought = g_string_new (NULL);
  self->said = g_string_new (NULL);
  self->pending = g_string_new (NULL);
  return self;
}

void
riposte_reasoning_free (RiposteReasoning *self)
{
  g_string_free (self->thought, TRUE);
  g_string_free (self->said, TRUE);
  g_string_free (self->pending, TRUE);
  g_free (self);
}

/* ---- looking for marks ---- */

typedef enum
{
  NO_MATCH,
  MAY_MATCH, /* the text ends within the mark */
  MATCH,
} Match;

static Match
match (const char *text, const char *mark)
{
  gsize n = 0;

  while (mark[n] && text[n] == mark[n])
    n++;
  return !mark[n] ? MATCH : !text[n] ? MAY_MATCH : NO_MATCH;
}

/* Bytes at the end of @text that may be the beginning of @mark. */
static gsize
tail_of_mark (const GString *text, const char *mark)
{
  gsize longest = MIN (text->len, strlen (mark) - 1);

  for (gsize n = longest; n > 0; n--)
    if (memcmp (text->str + text->len - n, mark, n) == 0)
      return n;
  return 0;
}

static const char *
find_first (const GString *text, const char *const *wanted, gsize n, gsize *held)
{
  const char *first = NULL;

  *held = 0;
  for (gsize i = 0; i < n; i++)
    {
      const char *at = strstr (text->str, wanted[i]);

      if (at && (!first || at < first))
        first = at;
      *held = MAX (*held, tail_of_mark (text, wanted[i]));
    }
  return first;
}

/* ---- one step a state; FALSE: more text has to come ---- */

static void
take (GString *to, GString *pending, gsize n)
{
  g_string_append_len (to, pending->str, n);
  g_string_erase (pending, 0, n);
}

static void
open_thought (RiposteReasoning *self, const char *end)
{
  self->state = STATE_THOUGHT;
  self->end = end;
  self->was_open = TRUE;
  if (self->thought->len)
    g_string_append (self->thought, "\n\n");
}

static gboolean
step_begin (RiposteReasoning *self)
{
  gsize space = strspn (self->pending->str, " \t\r\n");
  const char *text = self->pending->str + space;
  gboolean wait = !*text;

  for (gsize i = 0; i < G_N_ELEMENTS (pairs); i++)
    {
      Match found = match (text, pairs[i].begin);

      if (found == MATCH)
        {
          g_string_erase (self->pending, 0, space + strlen (pairs[i].begin));
          open_thought (self, pairs[i].end);
          return TRUE;
        }
      wait |= found == MAY_MATCH;
    }
  for (gsize i = 0; self->was_open && i < G_N_ELEMENTS (wraps); i++)
    {
      Match found = match (text, wraps[i].begin);

      if (found == MATCH)
        {
          g_string_erase (self->pending, 0, space + strlen (wraps[i].begin));
          self->wrap = wraps[i].end;
          self->state = STATE_SAID;
          return TRUE;
        }
      wait |= found == MAY_MATCH;
    }
  for (gsize i = 0; i < G_N_ELEMENTS (header_begins); i++)
    {
      Match found = match (text, header_begins[i]);

      if (found == MATCH)
        {
          g_string_erase (self->pending, 0, space);
          self->state = STATE_HEADER;
          return TRUE;
        }
      wait |= found == MAY_MATCH;
    }
  if (wait)
    return FALSE;
  if (self->was_open) /* what parts them was for the model */
    g_string_erase (self->pending, 0, space);
  self->state = STATE_SAID;
  return TRUE;
}

static gsize
without_space (const char *text, gsize length)
{
  while (length && g_ascii_isspace (text[length - 1]))
    length--;
  return length;
}

static gboolean
step_thought (RiposteReasoning *self)
{
  gsize held, length;
  const char *const *ends = self->end ? &self->end : message_ends;
  const char *end = find_first (self->pending, ends, self->end ? 1 : G_N_ELEMENTS (message_ends), &held);

  if (!self->thought->len) /* begins without empty lines */
    {
      gsize space = strspn (self->pending->str, " \t\r\n");

      g_string_erase (self->pending, 0, space);
      end = end ? end - space : NULL;
      held = MIN (held, self->pending->len);
    }
  if (!end)
    {
      take (self->thought, self->pending, without_space (self->pending->str, self->pending->len - held));
      return FALSE;
    }
  length = end - self->pending->str;
  take (self->thought, self->pending, without_space (self->pending->str, length));
  g_string_erase (self->pending, 0, strspn (self->pending->str, " \t\r\n"));
  self->state = STATE_BEGIN;
  if (self->end)
    g_string_erase (self->pending, 0, strlen (self->end));
  else if (!g_str_has_prefix (self->pending->str, "<|start|>") && !g_str_has_prefix (self->pending->str, "<|channel|>"))
    g_string_erase (self->pending, 0, strstr (self->pending->str, "|>") + 2 - self->pending->str);
  return TRUE;
}

static gboolean
step_header (RiposteReasoning *self)
{
  const char *end = strstr (self->pending->str, header_end);
  const char *channel = strstr (self->pending->str, "<|channel|>");
  gboolean final;

  if (!end && self->pending->len < MAX_HEADER)
    return FALSE;
  if (!end || end - self->pending->str > MAX_HEADER)
    {
      self->state = STATE_SAID;
      return TRUE;
    }
  final = !channel || channel > end || g_str_has_prefix (channel + strlen ("<|channel|>"), "final");
  g_string_erase (self->pending, 0, end + strlen (header_end) - self->pending->str);
  self->channels = TRUE;
  if (final)
    self->state = STATE_SAID;
  else
    open_thought (self, NULL);
  return TRUE;
}

/* Whether a mark at @at stands by itself, and not within code that shows how such marks look. */
static gboolean
ends_unopened (const char *text, const char *at, const char *mark)
{
  const char *after = at + strlen (mark);
  guint fences = 0;

  if (at > text && at[-1] != '\n' && *after != '\n')
    return FALSE;
  for (const char *p = text; p && p < at; p = strchr (p, '\n'))
    {
      p += *p == '\n';
      fences += g_str_has_prefix (p, "```");
    }
  return fences % 2 == 0;
}

/* The template may have begun the thought in the prompt, so that only its end comes. */
static gboolean
take_unopened (RiposteReasoning *self, gsize *held)
{
  *held = 0;
  for (gsize i = 0; i < G_N_ELEMENTS (pairs); i++)
    {
      const char *mark = pairs[i].end;
      const char *at = strstr (self->pending->str, mark);
      g_autofree char *all = NULL;
      gsize n;

      *held = MAX (*held, tail_of_mark (self->pending, mark));
      if (!at)
        continue;
      n = at - self->pending->str;
      all = g_strconcat (self->said->str, self->pending->str, NULL);
      if (!ends_unopened (all, all + self->said->len + n, mark))
        {
          if (!at[strlen (mark)]) /* what follows decides */
            *held = MAX (*held, strlen (mark));
          continue;
        }
      g_string_append_len (self->said, self->pending->str, n);
      g_string_erase (self->pending, 0, n + strlen (mark));
      g_strstrip (self->said->str);
      g_string_assign (self->thought, self->said->str);
      g_string_truncate (self->said, 0);
      self->was_open = TRUE;
      self->state = STATE_BEGIN;
      self->serial++;
      return TRUE;
    }
  return FALSE;
}

/* What ends it does so only at the end of the text. */
static gboolean
step_wrapped (RiposteReasoning *self)
{
  const char *end, *after;
  gsize n;

  if (!self->said->len)
    g_string_erase (self->pending, 0, strspn (self->pending->str, " \t\r\n"));
  end = strstr (self->pending->str, self->wrap);
  after = end ? end + strlen (self->wrap) : NULL;
  if (end && after[strspn (after, " \t\r\n")])
    {
      take (self->said, self->pending, after - self->pending->str);
      return TRUE;
    }
  n = end ? (gsize)(end - self->pending->str) : self->pending->len - tail_of_mark (self->pending, self->wrap);
  take (self->said, self->pending, without_space (self->pending->str, n));
  return FALSE;
}

static gboolean
step_said (RiposteReasoning *self)
{
  gsize held = 0;
  const char *end = NULL;

  if (self->wrap)
    return step_wrapped (self);
  if (self->channels)
    end = find_first (self->pending, message_ends, G_N_ELEMENTS (message_ends), &held);
  else if (!self->was_open && take_unopened (self, &held))
    return TRUE;
  if (!end)
    {
      take (self->said, self->pending, self->pending->len - held);
      return FALSE;
    }
  take (self->said, self->pending, end - self->pending->str);
  if (g_str_has_prefix (self->pending->str, "<|start|>") || g_str_has_prefix (self->pending->str, "<|channel|>"))
    self->state = STATE_HEADER;
  else
    {
      g_string_erase (self->pending, 0, strstr (self->pending->str, "|>") + 2 - self->pending->str);
      self->state = STATE_BEGIN;
    }
  return TRUE;
}

void
riposte_reasoning_append (RiposteReasoning *self, const char *text)
{
  static gboolean (*const steps[]) (RiposteReasoning *) = {
    [STATE_BEGIN] = step_begin,
    [STATE_SAID] = step_said,
    [STATE_THOUGHT] = step_thought,
    [STATE_HEADER] = step_header,
  };

  g_string_append (self->pending, text);
  while (self->pending->len && steps[self->state](self))
    ;
}

/* The text was cut off: bytes at the end of what is pending that are most of a mark, or some of it. */
static gsize
count_cut (RiposteReasoning *self)
{
  const char *blank = self->pending->str + strspn (self->pending->str, " \t\r\n");
  gsize cut = 0;

  switch (self->state)
    {
    case STATE_BEGIN:
      for (gsize i = 0; i < G_N_ELEMENTS (pairs); i++)
        if (match (blank, pairs[i].begin) == MAY_MATCH)
          cut = strlen (blank);
      for (gsize i = 0; i < G_N_ELEMENTS (header_begins); i++)
        if (match (blank, header_begins[i]) == MAY_MATCH)
          cut = strlen (blank);
      for (gsize i = 0; self->was_open && i < G_N_ELEMENTS (wraps); i++)
        if (match (blank, wraps[i].begin) == MAY_MATCH)
          cut = strlen (blank);
      return cut > 2 ? self->pending->len : 0; /* “<” may be all that there is to say */
    case STATE_THOUGHT:
      if (self->end)
        cut = tail_of_mark (self->pending, self->end);
      else
        find_first (self->pending, message_ends, G_N_ELEMENTS (message_ends), &cut);
      break;
    case STATE_SAID:
      if (self->wrap)
        cut = strstr (self->pending->str, self->wrap) ? self->pending->len : tail_of_mark (self->pending, self->wrap);
      else if (self->channels)
        find_first (self->pending, message_ends, G_N_ELEMENTS (message_ends), &cut);
      break;
    case STATE_HEADER:
    default:
      return self->pending->len; /* of a message that never came */
    }
  return cut > 1 ? cut : 0;
}

void
riposte_reasoning_finish (RiposteReasoning *self)
{
  gboolean marks_only
    = self->state == STATE_BEGIN && self->pending->str[strspn (self->pending->str, " \t\r\n")] == '\0';

  g_string_truncate (self->pending, self->pending->len - count_cut (self));
  if (marks_only && self->was_open)
    g_string_truncate (self->pending, 0);
  if (self->state == STATE_THOUGHT || self->wrap)
    g_string_truncate (self->pending, without_space (self->pending->str, self->pending->len));
  take (self->state == STATE_THOUGHT ? self->thought : self->said, self->pending, self->pending->len);
}

const char *
riposte_reasoning_get_thought (RiposteReasoning *self)
{
  return self->thought->str;
}

const char *
riposte_reasoning_get_said (RiposteReasoning *self)
{
  return self->said->str;
}

gboolean
riposte_reasoning_is_thinking (RiposteReasoning *self)
{
  return self->state == STATE_THOUGHT;
}

guint
riposte_reasoning_get_serial (RiposteReasoning *self)
{
  return self->serial;
}

char *
riposte_reasoning_dup_said (const char *text)
{
  g_autoptr (RiposteReasoning) self = riposte_reasoning_new ();

  riposte_reasoning_append (self, text);
  riposte_reasoning_finish (self);
  return g_strdup (self->said->str);
}

const char *const *
riposte_reasoning_get_marks (void)
{
  return marks;
}

const char *
riposte_reasoning_find_opened (const char *prompt)
{
  gsize length = strlen (prompt);

  while (length && g_ascii_isspace (prompt[length - 1]))
    length--;
  for (gsize i = 0; i < G_N_ELEMENTS (pairs); i++)
    {
      gsize n = strlen (pairs[i].begin);

      if (length >= n && memcmp (prompt + length - n, pairs[i].begin, n) == 0)
        return prompt + length - n;
    }
  return NULL;
}
