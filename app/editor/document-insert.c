/* Code of an answer, into a text: around the caret, or as the edits of a merge. */
#include "riposte-document.h"

#include "source-style.h"

#include <string.h>

static char *
dup_text (GtkTextBuffer *buffer)
{
  GtkTextIter start, end;

  gtk_text_buffer_get_bounds (buffer, &start, &end);
  return gtk_text_buffer_get_text (buffer, &start, &end, TRUE);
}

/* ---- around the caret ---- */

/* Where the code goes, as the text around it says. */
typedef struct
{
  char *indent;         /* the blanks that its line begins with */
  gboolean starts_line; /* nothing but these is before it */
  gboolean keeps_line;  /* what follows has to stand on a line of its own */
  gboolean end_is_indented;
} Place;

static void
place_clear (Place *place)
{
  g_free (place->indent);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Place, place_clear)

/* Moves @start behind the blanks that its line begins with: who clicks there means the line. */
static void
find_place (GtkTextBuffer *buffer, GtkTextIter *start, GtkTextIter *end, Place *place)
{
  GtkTextIter line_start = *start, line_end = *end;

  gtk_text_iter_set_line_offset (&line_start, 0);
  if (!gtk_text_iter_ends_line (&line_end))
    gtk_text_iter_forward_to_line_end (&line_end);
  g_autofree char *after = gtk_text_buffer_get_text (buffer, end, &line_end, TRUE);
  gboolean same_line = gtk_text_iter_get_line (start) == gtk_text_iter_get_line (end);
  gboolean at_line_start = gtk_text_iter_starts_line (end);
  place->keeps_line = after[strspn (after, " \t")] != '\0' || (!same_line && at_line_start);

  GtkTextIter text = line_start;
  while (!gtk_text_iter_ends_line (&text)
         && (gtk_text_iter_get_char (&text) == ' ' || gtk_text_iter_get_char (&text) == '\t'))
    gtk_text_iter_forward_char (&text);
  place->indent = gtk_text_buffer_get_text (buffer, &line_start, &text, TRUE);
  place->starts_line = gtk_text_iter_compare (start, &text) <= 0;
  place->end_is_indented = !same_line && at_line_start;
  if (place->starts_line)
    {
      *start = text;
      if (gtk_text_iter_compare (end, start) < 0)
        *end = text;
    }
}

/* Lines stay lines: the text before and after the place is not joined to them, unless they are a part of one. */
static char *
frame_code (const char *code, const Place *place, gboolean replaces, const RiposteIndentation *target)
{
  g_autofree char *fitted = riposte_indentation_fit (code, place->indent, target);
  gboolean is_part = !place->starts_line && (replaces || !strchr (fitted, '\n'));
  GString *text = g_string_new (NULL);

  if (!is_part && !place->starts_line)
    g_string_append_printf (text, "\n%s", place->indent);
  g_string_append (text, fitted);
  if (place->end_is_indented || (!is_part && place->keeps_line))
    g_string_append_c (text, '\n');
  if (!is_part && place->keeps_line && !place->end_is_indented)
    g_string_append (text, place->indent);
  return g_string_free (text, FALSE);
}

/* Text that has no indentation to follow takes any. */
static gboolean
find_indentation (RiposteDocument *self, RiposteIndentation *indentation)
{
  g_autofree char *text = dup_text (GTK_TEXT_BUFFER (self));

  *indentation = riposte_document_get_indentation (self);
  return riposte_indentation_guess (text, indentation);
}

void
riposte_document_insert_code (RiposteDocument *self, const char *code, const char *hint)
{
  GtkTextBuffer *buffer = GTK_TEXT_BUFFER (self);
  GtkTextIter start, end;
  g_auto (Place) place = { 0 };
  RiposteIndentation target;

  g_return_if_fail (RIPOSTE_IS_DOCUMENT (self));
  g_return_if_fail (code != NULL);

  if (!gtk_source_buffer_get_language (GTK_SOURCE_BUFFER (self)))
    gtk_source_buffer_set_language (GTK_SOURCE_BUFFER (self), riposte_source_guess_language (NULL, hint));

  gboolean replaces = gtk_text_buffer_get_selection_bounds (buffer, &start, &end);
  find_place (buffer, &start, &end, &place);
  gboolean is_known = find_indentation (self, &target);
  g_autofree char *valid = g_utf8_make_valid (code, -1);
  g_autofree char *text = frame_code (valid, &place, replaces, is_known ? &target : NULL);

  gtk_text_buffer_begin_user_action (buffer);
  gtk_text_buffer_delete (buffer, &start, &end);
  gtk_text_buffer_insert (buffer, &start, text, -1);
  gtk_text_buffer_place_cursor (buffer, &start);
  gtk_text_buffer_end_user_action (buffer);
  riposte_document_update_indentation (self);
}

/* ---- edits ---- */

static const char *
find_line (const char *text, guint n)
{
  for (; n > 0 && *text; n--)
    {
      text += strcspn (text, "\n");
      text += *text == '\n';
    }
  return text;
}

/* By places in @text, since a GtkTextBuffer begins lines in more places than a merge does. */
static void
apply_edit (GtkTextBuffer *buffer, const char *text, const RiposteEdit *edit)
{
  const char *from = find_line (text, edit->line), *to = find_line (from, edit->n_removed);
  g_autoptr (GString) added = g_string_new (edit->text);
  GtkTextIter start, end;

  if (!*to && !g_str_has_suffix (text, "\n")) /* the last line has no newline that could stay, or be added behind */
    {
      gboolean follows = from > text && !*from, goes = from > text && !added->len;

      if (added->len)
        g_string_truncate (added, added->len - 1);
      if (follows)
        g_string_prepend_c (added, '\n');
      else if (goes)
        from -= from - text > 1 && from[-2] == '\r' ? 2 : 1;
    }
  gtk_text_buffer_get_iter_at_offset (buffer, &start, (int)g_utf8_pointer_to_offset (text, from));
  end = start;
  gtk_text_iter_forward_chars (&end, (int)g_utf8_pointer_to_offset (from, to));
  gtk_text_buffer_delete (buffer, &start, &end);
  gtk_text_buffer_insert (buffer, &start, added->str, (int)added->len);
  gtk_text_buffer_place_cursor (buffer, &start);
}

/* Upwards, so that places stay where they are. */
void
riposte_document_apply_merge (RiposteDocument *self, const RiposteMerge *merge)
{
  GtkTextBuffer *buffer = GTK_TEXT_BUFFER (self);

  g_return_if_fail (RIPOSTE_IS_DOCUMENT (self));
  g_return_if_fail (merge != NULL);

  g_autofree char *text = dup_text (buffer);
  gtk_text_buffer_begin_user_action (buffer);
  for (guint i = merge->edits->len; i-- > 0;)
    apply_edit (buffer, text, &g_array_index (merge->edits, RiposteEdit, i));
  gtk_text_buffer_end_user_action (buffer);
}
