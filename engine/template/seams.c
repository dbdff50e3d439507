/* Where a text came from: of what a template writes, special tokens that stand in the variables, such as an <|im_end|>
 * that a person typed, are text like any other. Each is cut behind its first character by a letter that occurs nowhere
 * else, which filters carry along as they do any. In the rendered text it becomes a seam, which no special token may span,
 * nor begin with the character before. So is a beginning of one at the end of a text, which more text might complete.
 * Another such letter at the end of the last message finds that end again. */
#include "template-private.h"

#include <string.h>

#define FIRST_MARK 0x10600 /* Linear A, which prints as itself and has no case: */
#define N_MARKS    32      /* so many of its letters, */
#define MARK_BYTES 4       /* each of so many bytes in UTF-8 */

/* Sets a bit for each mark that occurs in a text of @value. */
static void
find_used (const TplValue *value, guint32 *used)
{
  if (value->type == TPL_STRING)
    {
      for (const char *at = value->text; (at = memchr (at, 0xf0, value->text + value->length - at)); at++)
        {
          gunichar c = g_utf8_get_char (at);
          if (c >= FIRST_MARK && c < FIRST_MARK + N_MARKS)
            *used |= 1u << (c - FIRST_MARK);
        }
      return;
    }
  if (value->type != TPL_LIST && value->type != TPL_DICT)
    return;
  for (gsize i = 0; i < value->n; i++)
    {
      if (value->type == TPL_DICT)
        find_used (value->keys[i], used);
      find_used (value->items[i], used);
    }
}

static gboolean
choose_marks (TplRun *run, const TplValue *variables, TplMarks *marks)
{
  char *const free_ones[] = { marks->cut, marks->end };
  guint32 used = 0;
  guint n = 0;

  find_used (variables, &used);
  for (guint i = 0; i < N_MARKS && n < G_N_ELEMENTS (free_ones); i++)
    if (!(used & 1u << i))
      g_unichar_to_utf8 (FIRST_MARK + i, free_ones[n++]);
  if (n < G_N_ELEMENTS (free_ones))
    tpl_raise (run, "The conversation uses all letters that would mark its special tokens");
  return !run->failed;
}

/* ---- into the variables ---- */

static TplValue *
cut_text (TplRun *run, const TplMarks *marks, TplValue *value)
{
  const char *end = value->text + value->length, *copied = value->text;
  GString *out = NULL;

  for (const char *at = value->text; at < end; at = g_utf8_next_char (at))
    if (marks->prompt->is_special (at, end - at, marks->prompt->data))
      {
        const char *next = g_utf8_next_char (at);

        out = out ? out : g_string_new (NULL);
        g_string_append_len (out, copied, next - copied);
        g_string_append (out, marks->cut);
        copied = next;
      }
  if (!out)
    return value;
  g_string_append_len (out, copied, end - copied);
  return tpl_take (run, out);
}

/* A copy of @value, or @value where nothing changes. */
static TplValue *
cut_value (TplRun *run, const TplMarks *marks, TplValue *value)
{
  TplValue *copy;

  if (value->type == TPL_STRING)
    return cut_text (run, marks, value);
  if (value->type != TPL_LIST && value->type != TPL_DICT)
    return value;
  copy = tpl_list (run, value->type);
  for (gsize i = 0; i < value->n && tpl_tick (run); i++)
    {
      TplValue *item = cut_value (run, marks, value->items[i]);
      TplValue *key = value->type == TPL_DICT ? cut_text (run, marks, value->keys[i]) : NULL;

      if (!item || (value->type == TPL_DICT && !key))
        break;
      if (key)
        tpl_dict_set (run, copy, key, item);
      else
        tpl_append (run, copy, item);
    }
  return run->failed ? NULL : copy;
}

/* The last text of a message: its content, or that of its last part. */
static TplValue *
find_last_text (const TplValue *variables)
{
  TplValue *messages = tpl_dict_get_text (variables, "messages");
  TplValue *message = messages && messages->type == TPL_LIST && messages->n ? messages->items[messages->n - 1] : NULL;
  TplValue *content = message && message->type == TPL_DICT ? tpl_dict_get_text (message, "content") : NULL;
  TplValue *part = content && content->type == TPL_LIST && content->n ? content->items[content->n - 1] : content;

  if (part && part->type == TPL_DICT)
    part = tpl_dict_get_text (part, "text");
  return part && part->type == TPL_STRING ? part : NULL;
}

/* The blank behind the mark tells whether the template trims. */
static gboolean
mark_end (TplRun *run, const TplMarks *marks, TplValue *variables)
{
  TplValue *text = find_last_text (variables), *value;
  GString *marked;

  if (!text)
    {
      tpl_raise (run, "The last message has no text that could be continued");
      return FALSE;
    }
  marked = g_string_new_len (text->text, text->length);
  g_string_append_printf (marked, "%s ", marks->end);
  value = tpl_take (run, marked);
  if (!value)
    return FALSE;
  *text = *value;
  tpl_dict_set (run, variables, tpl_string (run, "add_generation_prompt", -1), tpl_bool (run, FALSE));
  return TRUE;
}

/* ---- out of the text ---- */

static gboolean
end_open (TplRun *run, const TplMarks *marks)
{
  GString *out = run->out;
  const char *end = NULL;
  gboolean trims;

  for (const char *at = out->str; (at = memmem (at, out->str + out->len - at, marks->end, MARK_BYTES)); at++)
    end = at;

  if (!end)
    {
      tpl_raise (run, "The chat template leaves the end of the last message out, so it cannot be continued");
      return FALSE;
    }
  trims = end[MARK_BYTES] != ' ';
  g_string_truncate (out, end - out->str);
  while (trims && out->len)
    {
      const char *last = g_utf8_prev_char (out->str + out->len);
      if (!tpl_is_blank (g_utf8_get_char (last)))
        break;
      g_string_truncate (out, last - out->str);
    }
  return TRUE;
}

static void
take_cuts_out (const TplMarks *marks, GString *out, GArray *seams)
{
  gsize n = 0;

  for (gsize at = 0; at < out->len;)
    if (out->len - at >= MARK_BYTES && memcmp (out->str + at, marks->cut, MARK_BYTES) == 0)
      {
        g_array_append_val (seams, n);
        at += MARK_BYTES;
      }
    else
      out->str[n++] = out->str[at++];
  g_string_truncate (out, n);
}

/* ---- both ---- */

gboolean
tpl_put_marks (TplRun *run, TplMarks *marks, TplValue *variables)
{
  if (!choose_marks (run, variables, marks))
    return FALSE;
  for (gsize i = 0; i < variables->n; i++)
    if (!g_str_has_suffix (variables->keys[i]->text, "_token")) /* those are special, and meant to be */
      {
        TplValue *value = cut_value (run, marks, variables->items[i]);

        if (!value)
          return FALSE;
        variables->items[i] = value;
      }
  return !marks->prompt->leave_open || mark_end (run, marks, variables);
}

gboolean
tpl_take_marks (TplRun *run, const TplMarks *marks)
{
  if (marks->prompt->leave_open && !end_open (run, marks))
    return FALSE;
  take_cuts_out (marks, run->out, marks->prompt->seams);
  return TRUE;
}
